"""Commands on a project whose bundles lie in an object store."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_loop._project import Project
from mlops_loop._publication.objects import Objects

from ..projects import cli


@pytest.fixture
def address(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's bundle store, which it moves to and which is empty."""
    address = f"memory://moved/{tmp_path.name}"
    monkeypatch.setenv("FLIGHTS__BUNDLE_STORE", address)
    monkeypatch.chdir(project.root)
    return address


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_doctor_moves_what_serves_to_another_store_and_mends_it(
    project: Project, address: str
) -> None:
    objects = Objects(address)
    assert run("doctor").exit_code == 0
    manifest = objects.find("1/bundle.json")
    assert manifest is not None and objects.find("pointer.json") is not None
    objects.write("1/model.onnx", b"damaged")
    result = run("doctor")
    assert result.exit_code == 0 and "published again" in result.output
    assert objects.find("1/model.onnx") != b"damaged"
    assert run("status").exit_code == 0
    assert run("lineage", "1").exit_code == 0
