resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84: 2026-11-30: Google's keys encrypt it; a key of yours is kms_key_name
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of ${var.name}"

  docker_config {
    immutable_tags = true
  }

  # The images of the last deployments stay, so that there is a way back.
  cleanup_policies {
    id     = "keep-latest"
    action = "KEEP"

    most_recent_versions {
      keep_count = 20
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      older_than = "90d"
    }
  }

  depends_on = [google_project_service.apis]
}

locals {
  repository = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}
