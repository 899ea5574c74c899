"""The Terraform of Cloud Run, and the service in a container as Cloud Run starts it."""

import re
import secrets
from pathlib import Path

import hcl2
import programs
import pytest
import targets
from deployment import google_cloud_run, suite
from deployment.project import answers_for, trained

import toolbox

FOLDER = toolbox.TEMPLATE / "deploy/google_cloud_run"
DATED = re.compile(r"checkov:skip=CKV2?_[A-Z]+_\d+: 20\d\d-\d\d-\d\d: \S")


def service() -> str:
    return (FOLDER / "service.tf").read_text(encoding="utf-8")


def test_every_value_of_a_secret_is_by_reference() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.tf")}
    assert not any("google_secret_manager_secret_version" in text for text in texts.values())
    assert "secret_key_ref" in texts["service.tf"]
    tfvars = (FOLDER / "terraform.tfvars").read_text(encoding="utf-8")
    assert "SERVING__API_KEYS" in tfvars and "PREDICTION_LOG" in tfvars


def test_the_container_has_what_terraform_gives_it() -> None:
    """The container of the tests has the defaults of the variables."""
    blocks = hcl2.loads((FOLDER / "variables.tf").read_text(encoding="utf-8"))["variable"]
    variables = {name.strip('"'): body for block in blocks for name, body in block.items()}
    defaults = {name: str(variables[name]["default"]).strip('"') for name in ("cpu", "memory")}
    assert defaults == {"cpu": google_cloud_run.CPU, "memory": google_cloud_run.MEMORY}
    assert f'path = "{google_cloud_run.STARTUP}"' in service()
    assert "SERVING__MAX_CONCURRENCY = tostring(var.concurrency)" in service()


def test_exceptions_of_checkov_have_a_date_and_a_reason() -> None:
    for path in FOLDER.glob("*.tf"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [one for one in lines if "checkov:skip" in one and not DATED.search(one)] == []


@pytest.mark.real
def test_terraform_is_formatted_and_checkov_has_no_other_finding(tmp_path: Path) -> None:
    programs.output("terraform", "fmt", "-check", *sorted(FOLDER.glob("*.tf")))
    arguments = ("--framework", "terraform", "--compact", "--quiet")
    for path in FOLDER.glob("*.tf"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    programs.output("checkov", "--directory", tmp_path, *arguments)


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_service_answers_on_port_with_one_request_at_a_time_and_with_eighty(
    framework: str, tmp_path: Path
) -> None:
    key = secrets.token_urlsafe()
    with trained(tmp_path, answers_for("google_cloud_run", framework)) as project:
        for concurrency in (1, 80):
            with google_cloud_run.started(project, key, concurrency=concurrency) as url:
                assert suite.failed(suite.ask(project, url, key)) == []
