locals {
  buckets = {
    bundles = "The published models: a pointer and the versions that it names."
    source  = "The packages, by their digest."
  }
}

resource "google_storage_bucket" "files" {
  # checkov:skip=CKV_GCP_62: 2026-11-30: who reads and writes stands in the audit logs, if wanted
  for_each                    = local.buckets
  name                        = "${var.project}-${var.name}-${each.key}"
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

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket_object" "package" {
  bucket = google_storage_bucket.files["source"].name
  name   = "${filesha256(var.package)}.zip"
  source = var.package
}

resource "google_storage_bucket_iam_member" "reads_models" {
  bucket = google_storage_bucket.files["bundles"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.function.member
}
