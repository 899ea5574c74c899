"""The lock that arrives with each project, and the names that follow from it."""

import subprocess
import tomllib
from pathlib import Path

import lock
import pytest
from conftest import Bake
from pre_gen_project import TAKEN

import toolbox
from baking import TEMPLATE

LOCK = (TEMPLATE / "poetry.lock").read_text(encoding="utf-8")


def poetry(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(toolbox.program("poetry")), *arguments]
    env = toolbox.surroundings()
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_lock_fits_every_choice_of_python(bake: Bake, version: str) -> None:
    project = bake(python_version=version)
    done = poetry(project, "check", "--lock")
    assert done.returncode == 0, done.stdout + done.stderr


def test_lock_fits_any_name_and_licence(bake: Bake) -> None:
    project = bake(project_slug="A.b_c", package_name="abcd", license="Proprietary")
    done = poetry(project, "check", "--lock")
    assert done.returncode == 0, done.stdout + done.stderr


def test_template_keeps_the_lock_of_the_default_project(project: Path) -> None:
    assert (project / "poetry.lock").read_text(encoding="utf-8") == LOCK


def test_lock_names_no_index() -> None:
    assert "[package.source]" not in LOCK
    assert "http" not in "".join(line for line in LOCK.splitlines() if line.startswith("url"))


def test_every_locked_package_is_refused_as_a_name() -> None:
    assert set(lock.taken(LOCK, set())) <= TAKEN


def test_every_importable_name_is_refused_as_a_name(installed: Path) -> None:
    importable = set(lock.taken("", lock.import_names(installed)))
    assert importable - TAKEN == set()


def test_tools_are_pinned_for_every_requirement() -> None:
    groups = tomllib.loads((toolbox.ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for kind, names in {"demo": ("demo",), "test": ("demo", "test")}.items():
        text = (toolbox.REQUIREMENTS / f"{kind}.txt").read_text(encoding="utf-8")
        pinned = set(lock.versions(text, lock.REQUIREMENT))
        wanted = {wish.split(">=")[0] for name in names for wish in groups[name]}
        assert wanted - pinned == set()
