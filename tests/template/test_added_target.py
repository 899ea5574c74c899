"""A deployment target is added later: rendered again by cruft, or copied from another project."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from deployment.project import answers_for

import toolbox
from baking import contents, cookiecutter
from variants import options

# What is copied for a target besides its folder, and what names it.
COPIED = {"Dockerfile", ".dockerignore", "compose.yaml"}
NAMES_TARGET = {".env.example", ".github/workflows/ci.yml", ".gitignore", "Makefile", "README.md"}
DEPENDENCIES = {"pyproject.toml", "poetry.lock"}
EDIT = "\nOur service is at https://models.example.com.\n"


def program(name: str) -> str:
    path = shutil.which(name, path=toolbox.environment()["PATH"])
    assert path, f"{name} is not installed: `make lock` and `make test` bring it, or pip"
    return path


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def commit(folder: Path) -> None:
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "--message", "All", cwd=folder)


def rendered(folder: Path, target: str) -> dict[str, bytes]:
    """The files of a project, with a prediction log that every target allows."""
    answers = {**answers_for(target), "prediction_log": "redis"}
    done = cookiecutter(folder, answers)
    assert done.returncode == 0, done.stderr
    return contents(folder / "my-ml-project")


@pytest.fixture(scope="module")
def without_target(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return rendered(tmp_path_factory.mktemp("none"), "none")


@pytest.mark.parametrize("target", [each for each in options()["deploy_target"] if each != "none"])
def test_code_tests_and_settings_are_the_same_for_each_target(
    target: str, without_target: dict[str, bytes], tmp_path: Path
) -> None:
    project = rendered(tmp_path, target)
    both = project.keys() | without_target.keys()
    different = {name for name in both if project.get(name) != without_target.get(name)}
    own = {name for name in different if name.startswith(f"deploy/{target}/")}
    assert own and different - own <= COPIED | NAMES_TARGET | DEPENDENCIES


@pytest.mark.real
def test_cruft_adds_a_target_to_a_project_that_was_edited(tmp_path: Path) -> None:
    template, projects = tmp_path / "template", tmp_path / "projects"
    tracked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(tracked, cwd=toolbox.ROOT, capture_output=True, text=True).stdout
    for name in filter(os.path.isfile, (toolbox.ROOT / line for line in names.splitlines())):
        copy = template / name.relative_to(toolbox.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, copy)
    run("git", "init", "--quiet", cwd=template)
    commit(template)
    projects.mkdir()
    answers = {"deploy_target": "none", "prediction_log": "redis"}
    cruft = program("cruft")
    run(cruft, "create", template, "-y", "--extra-context", json.dumps(answers), cwd=projects)
    (project,) = projects.iterdir()
    with (project / "README.md").open("a", encoding="utf-8") as file:
        file.write(EDIT)
    commit(project)
    update = ["update", "-y", "--refresh-private-variables", "--variables-to-update"]
    run(cruft, *update, '{"deploy_target": "google_cloud_run"}', cwd=project)
    updated = contents(project)
    del updated[".cruft.json"]
    expected = rendered(tmp_path / "fresh", "google_cloud_run")
    expected["README.md"] += EDIT.encode()
    assert updated == expected
