output "image" {
  description = "Where the image is pushed to, without the tag."
  value       = "${local.repository}/service"
}

output "bundle_store" {
  description = "The setting bundle_store where models are published."
  value       = local.bundle_store
}

output "secrets" {
  description = "The secrets to put values into, by setting."
  value       = { for name, secret in google_secret_manager_secret.settings : name => secret.secret_id }
}

output "url" {
  description = "Address of the service; null before there is an image."
  value       = one(google_cloud_run_v2_service.service[*].uri)
}

output "ci" {
  description = "What google-github-actions/auth needs: workload_identity_provider and service_account; null without github_repository."

  value = local.has_ci == 0 ? null : {
    workload_identity_provider = google_iam_workload_identity_pool_provider.github[0].name
    service_account            = google_service_account.ci[0].email
  }
}
