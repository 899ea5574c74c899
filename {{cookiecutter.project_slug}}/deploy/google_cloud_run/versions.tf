terraform {
  required_version = ">= 1.6"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.10, < 8.0"
    }
  }

  # The state lies in a bucket of yours: `terraform init -backend-config=…`, see README.md.
  backend "gcs" {
    prefix = "google_cloud_run"
  }
}

provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
  default_labels        = { project = var.name }
}

data "google_project" "this" {}

# The APIs stay on when everything here is destroyed, as others may need them.
resource "google_project_service" "apis" {
  for_each = toset([
    "artifactregistry", "billingbudgets", "iamcredentials", "logging", "monitoring", "run", "secretmanager", "storage", "sts",
  ])
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
