# Without a value: a value here would be in the state as well.
resource "google_secret_manager_secret" "settings" {
  for_each  = var.secret_settings
  secret_id = "${var.name}-${each.key}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret_iam_member" "service_reads" {
  for_each  = google_secret_manager_secret.settings
  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service.member
}
