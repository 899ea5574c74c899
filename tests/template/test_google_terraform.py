"""The Terraform of the targets of Google: no provider can be had without their account."""

from pathlib import Path

import google_provider
import pytest

import toolbox

pytestmark = pytest.mark.real

BUCKET = """
variable "region" {
  type = string
}

resource "google_storage_bucket" "bundles" {
  name     = "bundles"
  location = var.region
  labels   = { purpose = "bundles" }

  versioning {
    enabled = true
  }

  dynamic "lifecycle_rule" {
    for_each = [30]
    content {
      condition {
        age = lifecycle_rule.value
      }
      action {
        type = "Delete"
      }
    }
  }
}

data "google_project" "this" {}

output "bundles" {
  value = "${google_storage_bucket.bundles.url}/${data.google_project.this.number}"
}
"""
WHERE = "main.tf: google_storage_bucket.bundles"


def complaints(folder: Path, *, replaced: str = "", by: str = "") -> list[str]:
    assert replaced in BUCKET
    (folder / "main.tf").write_text(BUCKET.replace(replaced, by, 1) if replaced else BUCKET)
    return google_provider.complaints(folder)


def test_valid_configuration_has_no_complaints(tmp_path: Path) -> None:
    assert complaints(tmp_path) == []


@pytest.mark.parametrize(
    ("replaced", "by", "complaint"),
    [
        ("versioning {", "versionning {", f"{WHERE}: unknown argument or block versionning"),
        ("labels ", "label ", f"{WHERE}: unknown argument or block label"),
        ("age = ", "ages = ", f"{WHERE}.lifecycle_rule.condition: unknown argument or block ages"),
        ("name     =", "#", f"{WHERE}: name is missing"),
        ("enabled = true", "", f"{WHERE}.versioning: enabled is missing"),
        ('type = "Delete"', "", f"{WHERE}.lifecycle_rule.action: type is missing"),
        ("versioning {", "versioning = {", f"{WHERE}: versioning is a block"),
        ("labels   = {", "labels {", f"{WHERE}: labels is an argument"),
        (".url", ".uri", "main.tf: google_storage_bucket.bundles has no attribute uri"),
        ("bundles.url", "bundle.url", "main.tf: google_storage_bucket.bundle is not declared"),
        ("var.region", '"eu"', "var.region is not used"),
        ("= var.region", "= local.region", "local.region is not declared"),
        (
            '"google_project"',
            '"google_projekt"',
            "main.tf: data.google_projekt.this: the provider",
        ),
    ],
)
def test_faults_are_found(tmp_path: Path, replaced: str, by: str, complaint: str) -> None:
    found = complaints(tmp_path, replaced=replaced, by=by)
    assert [each for each in found if each.startswith(complaint)]


def test_configurations_of_targets_fit_the_provider() -> None:
    for folder in sorted({path.parent for path in toolbox.TEMPLATE.glob("deploy/google_*/*.tf")}):
        assert google_provider.complaints(folder) == [], folder.name
