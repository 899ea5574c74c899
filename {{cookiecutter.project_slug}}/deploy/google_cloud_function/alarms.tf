locals {
  of_service = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${var.name}\""
}

# Its logs, kept longer than the 30 days of the project's own.
resource "google_logging_project_bucket_config" "logs" {
  project        = var.project
  location       = var.region
  bucket_id      = var.name
  retention_days = var.log_days
}

resource "google_logging_project_sink" "logs" {
  name                   = var.name
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.logs.id}"
  filter                 = local.of_service
  unique_writer_identity = true
}

resource "google_monitoring_notification_channel" "emails" {
  for_each     = var.alarm_emails
  display_name = "${var.name}: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

resource "google_monitoring_alert_policy" "failures" {
  display_name          = "${var.name} fails"
  combiner              = "OR"
  notification_channels = [for channel in google_monitoring_notification_channel.emails : channel.id]

  documentation {
    content = "Callers get 5xx, e.g. as there is no model or the prediction log is unavailable: the function's log has the sentence."
  }

  conditions {
    display_name = "Responses with 5xx"

    condition_threshold {
      filter          = "${local.of_service} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_SUM"
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_billing_budget" "monthly" {
  count           = var.billing_account == null ? 0 : 1
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

  dynamic "threshold_rules" {
    for_each = { CURRENT_SPEND = 0.8, FORECASTED_SPEND = 1.0 }

    content {
      spend_basis       = threshold_rules.key
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [
      for channel in google_monitoring_notification_channel.emails : channel.id
    ]
  }

  depends_on = [google_project_service.used]
}
