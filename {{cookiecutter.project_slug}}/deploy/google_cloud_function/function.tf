locals {
  bundle_store = "gs://${google_storage_bucket.files["bundles"].name}"
  settings = merge(
    var.model_from == "bucket" ? { BUNDLE_STORE = local.bundle_store } : {},
    var.settings,
  )
}

# It reads models and secrets, and can do nothing else in the project.
resource "google_service_account" "function" {
  account_id   = var.name
  display_name = "Function ${var.name}"
}

resource "google_cloudfunctions2_function" "model" {
  # checkov:skip=CKV_GCP_124: 2026-11-30: reached from everywhere, by invokers and with an API key; see var.ingress
  name        = var.name
  location    = var.region
  description = "Predictions over HTTP"

  build_config {
    runtime           = var.runtime
    entry_point       = "handle"
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    source {
      storage_source {
        bucket = google_storage_bucket.files["source"].name
        object = google_storage_bucket_object.package.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function.email
    available_cpu                    = "1"
    available_memory                 = var.memory
    max_instance_request_concurrency = var.concurrency
    min_instance_count               = var.min_instances
    max_instance_count               = var.max_instances
    timeout_seconds                  = var.timeout
    ingress_settings                 = var.ingress
    vpc_connector                    = var.vpc_connector

    environment_variables = merge(
      { THREADS = tostring(var.concurrency) }, # of a Flask application
      { for name, value in local.settings : "${var.settings_prefix}${name}" => value },
    )

    dynamic "secret_environment_variables" {
      for_each = google_secret_manager_secret.settings

      content {
        key        = "${var.settings_prefix}${secret_environment_variables.key}"
        project_id = var.project
        secret     = secret_environment_variables.value.secret_id
        version    = "latest"
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_writes_logs,
    google_secret_manager_secret_iam_member.function,
    google_storage_bucket_iam_member.build_reads_packages,
    google_storage_bucket_iam_member.reads_models,
  ]
}

resource "google_cloud_run_service_iam_member" "invokers" {
  for_each = var.invokers
  location = var.region
  service  = google_cloudfunctions2_function.model.name
  role     = "roles/run.invoker"
  member   = each.key
}
