# Builds the image of the function from the package, with rights to do that alone.
resource "google_service_account" "build" {
  account_id   = "${var.name}-b"
  display_name = "Build of ${var.name}"
}

resource "google_storage_bucket_iam_member" "build_reads_packages" {
  bucket = google_storage_bucket.files["source"].name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_project_iam_member" "build_writes_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84: 2026-11-30: encrypted at rest with keys of Google
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"

  cleanup_policies {
    id     = "keep-latest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "${30 * 86400}s"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_artifact_registry_repository_iam_member" "build_writes_images" {
  repository = google_artifact_registry_repository.images.id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}
