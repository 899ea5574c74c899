# It may read the bucket and its secrets, and nothing else.
resource "google_service_account" "service" {
  account_id   = "${var.name}-run"
  display_name = "The service ${var.name}"
}

locals {
  settings = merge(
    { SERVING__MAX_CONCURRENCY = tostring(var.concurrency) },
    var.model_from == "bucket" ? { BUNDLE_STORE = local.bundle_store } : {},
    var.settings,
  )
}

resource "google_cloud_run_v2_service" "service" {
  count               = var.image_tag == "" ? 0 : 1
  name                = var.name
  location            = var.region
  ingress             = var.ingress
  deletion_protection = !var.force_destroy

  template {
    service_account                  = google_service_account.service.email
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    max_instance_request_concurrency = var.concurrency
    timeout                          = "${var.timeout}s"

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    containers {
      image = "${local.repository}/service:${var.image_tag}"

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = var.cpu
          memory = var.memory
        }

        # Instances that stay watch for new models between requests, others while they answer one.
        cpu_idle          = var.min_instances == 0
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.settings

        content {
          name  = "${var.settings_prefix}${env.key}"
          value = env.value
        }
      }

      dynamic "env" {
        for_each = google_secret_manager_secret.settings

        content {
          name = "${var.settings_prefix}${env.key}"

          value_source {
            secret_key_ref {
              secret  = env.value.secret_id
              version = "latest"
            }
          }
        }
      }

      # A revision without a model for its features code gets no traffic: the one before goes on.
      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30

        http_get {
          path = "/health/ready"
        }
      }

      liveness_probe {
        period_seconds    = 10
        timeout_seconds   = 3
        failure_threshold = 3

        http_get {
          path = "/health/live"
        }
      }
    }

    dynamic "vpc_access" {
      for_each = var.subnetwork == "" ? [] : [var.subnetwork]

      content {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          subnetwork = vpc_access.value
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_iam_member.service_reads,
    google_storage_bucket_iam_member.service_reads,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "invokers" {
  for_each = var.image_tag == "" ? toset([]) : var.invokers
  name     = google_cloud_run_v2_service.service[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.key
}
