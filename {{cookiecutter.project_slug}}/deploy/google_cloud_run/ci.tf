# Workflows of the repository get an identity for minutes instead of keys that are stored.
locals {
  has_ci    = var.github_repository != "" ? 1 : 0
  workflows = "repo:${var.github_repository}:ref:refs/heads/main"
}

resource "google_iam_workload_identity_pool" "github" {
  count                     = local.has_ci
  workload_identity_pool_id = "${var.name}-ci"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: 2026-11-30: the condition names the repository by a variable, which checkov does not fill in
  count                              = local.has_ci
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_condition                = "assertion.sub == '${local.workflows}'"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "ci" {
  count        = local.has_ci
  account_id   = "${var.name}-ci"
  display_name = "Workflows of ${var.github_repository}"
}

resource "google_service_account_iam_member" "github" {
  count              = local.has_ci
  service_account_id = google_service_account.ci[0].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.github[0].name}/subject/${local.workflows}"
}

resource "google_artifact_registry_repository_iam_member" "ci_pushes" {
  count      = local.has_ci
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.ci[0].member
}

resource "google_storage_bucket_iam_member" "ci_publishes" {
  count  = local.has_ci
  bucket = google_storage_bucket.bundles.name
  role   = "roles/storage.objectUser"
  member = google_service_account.ci[0].member
}
