# Published models: training writes them, the service reads them.
resource "google_storage_bucket" "bundles" {
  # checkov:skip=CKV_GCP_62: 2026-11-30: audit logs of Cloud Storage say who read what; access logs add costs
  name                        = "${var.project}-${var.name}-bundles"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.noncurrent_days
    }

    action {
      type = "Delete"
    }
  }
}

locals {
  bundle_store = "gs://${google_storage_bucket.bundles.name}/bundles"
}

resource "google_storage_bucket_iam_member" "service_reads" {
  bucket = google_storage_bucket.bundles.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.service.member
}
