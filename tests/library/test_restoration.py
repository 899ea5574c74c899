"""A damaged bundle is published again from the registry, and every command says so."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_loop._bundle import read_bundle
from mlops_loop._packaging import installed_library
from mlops_loop._project import Project

from .projects import cli


def change_model(bundle: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"corrupt")


def remove_reference(bundle: Path) -> None:
    (bundle / "reference.parquet").unlink()


def cut_manifest(bundle: Path) -> None:
    path = bundle / "bundle.json"
    path.write_bytes(path.read_bytes()[:50])


def remove_everything(bundle: Path) -> None:
    shutil.rmtree(bundle)


DAMAGES = [change_model, remove_reference, cut_manifest, remove_everything]


def run(project: Project, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--root", str(project.root), *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("damage", DAMAGES)
def test_doctor_publishes_a_damaged_version_again(
    project: Project, damage: Callable[[Path], None]
) -> None:
    damage(project.bundles.fetch("1"))
    library = installed_library(project.root)
    code, output = run(project, "doctor")
    assert code == 0, output
    assert f"version 1 was damaged and has been published again (library {library})" in output
    read_bundle(project.bundles.fetch("1")).verify()
    assert f"version 1 is complete (library {library})" in run(project, "doctor")[1]


def test_promoting_a_damaged_version_publishes_it_again(project: Project) -> None:
    events = list(project.audit_log.completed())
    change_model(project.bundles.fetch("1"))
    code, output = run(project, "promote", "1")
    assert code == 0, output
    read_bundle(project.bundles.fetch("1")).verify()
    assert list(project.audit_log.completed()) == events


@pytest.mark.parametrize(
    "command", [("score", "parcels.parquet", "out.parquet"), ("explain",), ("status",), ("train",)]
)
def test_commands_that_read_a_damaged_bundle_name_the_way_out(
    project: Project, command: tuple[str, ...]
) -> None:
    change_model(project.bundles.fetch("1"))
    arguments = [str(project.root / one) if "." in one else one for one in command]
    code, output = run(project, *arguments)
    assert code == 2, output
    assert "run `doctor`, which publishes the version again from the registry" in output


def test_a_version_that_the_registry_lost_as_well_is_named(project: Project) -> None:
    change_model(project.bundles.fetch("1"))
    shutil.rmtree(project.root / "var/mlflow-artifacts")
    code, output = run(project, "promote", "1")
    assert code == 2
    assert output.startswith("error: ")
    assert run(project, "doctor")[0] == 3
