"""The Terraform of the targets of Google: no provider can be had without their account."""

from pathlib import Path

import google_provider
import programs
import pytest

from baking import cookiecutter

pytestmark = pytest.mark.real

TARGETS = ("google_cloud_function", "google_cloud_run")
OPTIONAL = {
    "alarm_emails": '["ops@example.com"]',
    "billing_account": '"000000-000000-000000"',
    "github_repository": '"shop/models"',
}

BUCKET = """
variable "region" {
  type = string
}

resource "google_storage_bucket" "bundles" {
  name     = "bundles"
  location = var.region
  labels   = { purpose = "bundles" }

  versioning {
    # What was replaced may be wanted again.
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


@pytest.fixture(scope="module", params=TARGETS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a rendered project, with all that is behind a variable."""
    place = tmp_path_factory.mktemp(request.param)
    done = cookiecutter(place, {"deploy_target": request.param, "prediction_log": "postgresql"})
    assert done.returncode == 0, done.stderr
    folder: Path = place / "my-ml-project/deploy" / request.param
    with (folder / "terraform.tfvars").open("a") as file:
        file.writelines(f"{name} = {value}\n" for name, value in OPTIONAL.items())
    return folder


def test_the_configuration_of_a_target_fits_the_provider(folder: Path) -> None:
    assert google_provider.complaints(folder) == []


def test_the_configuration_of_a_target_is_formatted(folder: Path) -> None:
    programs.output("terraform", "fmt", "-check", "-diff", *sorted(folder.glob("*.tf")))


def test_the_configuration_of_a_target_has_no_known_weakness(folder: Path) -> None:
    options = ("--framework", "terraform", "--quiet", "--compact", "--skip-download")
    report = programs.output("checkov", "--directory", folder, *options)
    assert "Parsing errors" not in report
