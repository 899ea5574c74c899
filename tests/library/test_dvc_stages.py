"""The stages of `dvc.yaml` are commands of the project, and say what these read and leave."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mlops_loop._paths import Paths
from mlops_loop._project import Project

from .places import FLIGHTS, REPOSITORY
from .projects import cli

SLUG, PACKAGE = "{{ cookiecutter.project_slug }}", "{{ cookiecutter.package_name }}"
FILE = REPOSITORY / "{{cookiecutter.project_slug}}" / "dvc.yaml"
BODY = FILE.read_text(encoding="utf-8").replace(SLUG, "flights").replace(PACKAGE, "flights")
STAGES: dict[str, Any] = yaml.safe_load(BODY)["stages"]


def outputs(stage: dict[str, Any]) -> list[str]:
    listed = [*stage["outs"], *stage.get("metrics", ())]
    return [path for each in listed for path in ([each] if isinstance(each, str) else each)]


def test_each_stage_runs_a_command_that_leaves_its_outputs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    for path in project.paths.references.glob("*"):
        path.unlink()
    for name, stage in STAGES.items():
        program, *words = stage["cmd"].split()
        # On all rows, the gate rejects the model.
        slice_ = ["--until", "2013-03-01"] if name == "ingest" else []
        done = CliRunner().invoke(cli, [*words, *slice_])
        assert (program, words[0], done.exit_code) == ("flights", name, 0), done.output
        assert [path for path in outputs(stage) if not Path(path).exists()] == []
    left = {f"var/stages/{path.name}" for path in project.paths.references.iterdir()}
    assert left <= {path for stage in STAGES.values() for path in outputs(stage)}


def test_each_dependency_is_a_file_or_the_output_of_an_earlier_stage() -> None:
    known = set()
    for stage in STAGES.values():
        files = [path for path in stage["deps"] if path not in known]
        assert [path for path in files if not path.startswith(("src/", "config/", "poetry."))] == []
        project = REPOSITORY / "{{cookiecutter.project_slug}}"
        assert [
            path for path in files if not ((FLIGHTS / path).is_file() or (project / path).is_file())
        ] == []
        known.update(outputs(stage))


def test_outputs_lie_where_the_library_keeps_them() -> None:
    paths = Paths(Path())
    for stage in STAGES.values():
        for output in map(Path, outputs(stage)):
            assert output == paths.snapshots or output.parent == paths.references
