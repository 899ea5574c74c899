output "url" {
  description = "Address of the function."
  value       = google_cloudfunctions2_function.model.service_config[0].uri
}

output "bundle_store" {
  description = "The setting bundle_store where models are published."
  value       = local.bundle_store
}

output "source_bucket" {
  description = "Bucket of the packages."
  value       = google_storage_bucket.files["source"].name
}

output "secrets" {
  description = "The secrets to put values into, by setting."
  value       = { for name, secret in google_secret_manager_secret.settings : name => secret.secret_id }
}

output "ci_identity" {
  description = "Provider and account of workflows; null without github_repository."
  value = one([
    for provider in google_iam_workload_identity_pool_provider.github : {
      workload_identity_provider = provider.name
      service_account            = google_service_account.ci[0].email
    }
  ])
}
