resource "google_monitoring_notification_channel" "emails" {
  for_each     = var.alarm_emails
  display_name = "${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

locals {
  channels = [for channel in google_monitoring_notification_channel.emails : channel.id]
}

resource "google_monitoring_alert_policy" "errors" {
  display_name          = "${var.name}: requests fail"
  combiner              = "OR"
  notification_channels = local.channels

  conditions {
    display_name = "More than one response in 20 is a 5xx for five minutes"

    condition_threshold {
      filter             = "${local.requests} AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = local.requests
      comparison         = "COMPARISON_GT"
      threshold_value    = 0.05
      duration           = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }

      denominator_aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  depends_on = [google_project_service.apis]
}

locals {
  of_service = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${var.name}\""
  requests   = "${local.of_service} AND metric.type = \"run.googleapis.com/request_count\""
}

# Project-wide defaults keep logs for 30 days; those of the service are routed to a bucket of their own.
resource "google_logging_project_bucket_config" "service" {
  project        = var.project
  location       = var.region
  bucket_id      = var.name
  retention_days = var.log_days
}

resource "google_logging_project_sink" "service" {
  name                   = var.name
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.service.id}"
  filter                 = local.of_service
  unique_writer_identity = true
}

resource "google_billing_budget" "monthly" {
  count           = var.billing_account == "" ? 0 : 1
  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  threshold_rules {
    threshold_percent = 0.8
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = local.channels
  }
}
