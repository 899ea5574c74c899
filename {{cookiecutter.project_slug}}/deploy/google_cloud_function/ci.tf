# Workflows of the repository get an identity for minutes instead of keys that are stored.
locals {
  has_ci      = var.github_repository != "" ? 1 : 0
  main_branch = "repo:${var.github_repository}:ref:refs/heads/main"
}

resource "google_iam_workload_identity_pool" "github" {
  count                     = local.has_ci
  workload_identity_pool_id = "${var.name}-ci"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  # checkov:skip=CKV_GCP_125: 2026-11-30: the subject is one branch of one repository, which checkov cannot see behind the variable
  count                              = local.has_ci
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"

  attribute_mapping   = { "google.subject" = "assertion.sub" }
  attribute_condition = "assertion.sub == '${local.main_branch}'"

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "ci" {
  count        = local.has_ci
  account_id   = "${var.name}-ci"
  display_name = "Workflows of ${var.github_repository}"
}

resource "google_service_account_iam_member" "ci_is_main_branch" {
  count              = local.has_ci
  service_account_id = google_service_account.ci[0].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.github[0].name}/subject/${local.main_branch}"
}

resource "google_storage_bucket_iam_member" "ci_writes" {
  for_each = local.has_ci == 1 ? local.buckets : {}
  bucket   = google_storage_bucket.files[each.key].name
  role     = "roles/storage.objectUser"
  member   = google_service_account.ci[0].member
}

resource "google_project_iam_member" "ci_deploys" {
  count   = local.has_ci
  project = var.project
  role    = "roles/cloudfunctions.developer"
  member  = google_service_account.ci[0].member
}

# A function runs, and is built, as an account that the deploying one may use.
resource "google_service_account_iam_member" "ci_uses" {
  for_each = local.has_ci == 0 ? {} : {
    build    = google_service_account.build.name
    function = google_service_account.function.name
  }
  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.ci[0].member
}
