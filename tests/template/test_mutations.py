"""The proof is worth something: a template broken on purpose is caught, and the file named."""

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import composition
import content
import library_requirements
import pytest
import shell
from mutations import LIBRARY_MUTATIONS, MUTATIONS, PACKAGE, PROJECT, add, edit, theirs
from typed import Types
from world import World

import toolbox


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the proof reads of the template."""
    root = tmp_path_factory.mktemp("template")
    ignored = shutil.ignore_patterns("__pycache__", ".mypy_cache")
    for folder in (PROJECT, "hooks", "src"):
        shutil.copytree(toolbox.ROOT / folder, root / folder, ignore=ignored)
    for file in ("cookiecutter.json", "pyproject.toml"):
        shutil.copy(toolbox.ROOT / file, root)
    return root


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_broken_template_is_caught(original: Path, tmp_path: Path, mutation: str) -> None:
    change, path, complaint = MUTATIONS[mutation]
    root = tmp_path / "template"
    shutil.copytree(original, root)
    change(root)
    world = World(root)
    found = content.complaints(world, Counter()) or composition.complaints(world)
    named = [line for line in found if line.startswith(f"{path}: ") and complaint in line]
    assert named, found


@pytest.mark.parametrize("mutation", LIBRARY_MUTATIONS)
def test_a_broken_library_is_caught(original: Path, tmp_path: Path, mutation: str) -> None:
    change, path, complaint = LIBRARY_MUTATIONS[mutation]
    root = tmp_path / "template"
    shutil.copytree(original, root)
    change(root)
    found = library_requirements.complaints(root)
    assert [line for line in found if line.startswith(f"{path}: ") and complaint in line], found


@pytest.mark.parametrize("types", [0], indirect=True, ids=["oldest Python"])
@pytest.mark.parametrize("path", [f"{PACKAGE}/features.py", "tools/install.py"])
def test_a_wrong_type_is_caught(original: Path, tmp_path: Path, types: Types, path: str) -> None:
    root = tmp_path / "template"
    shutil.copytree(original, root)
    add(theirs(path), '\n\ndef hours() -> int:\n    return "two"\n')(root)
    found, _ = types.complaints(World(root))
    assert [line for line in found if line.startswith(f"{path}:") and "return-value" in line], found


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (".github/workflows/ci.yml", "- run: make lint", "- run: cd $HOME && make lint"),
        ("Makefile", "$(BASE_PYTHON) tools/install.py", "test $(ARGS) == x"),
    ],
)
def test_unsound_shell_is_caught(
    original: Path, tmp_path: Path, path: str, old: str, new: str
) -> None:
    root, place = tmp_path / "template", tmp_path / "scripts"
    shutil.copytree(original, root)
    edit(theirs(path), old, new)(root)
    place.mkdir()
    scripts = shell.write(World(root), place)
    command: list[str | Path] = [toolbox.program("shellcheck"), "--format=gcc", *scripts]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert re.sub(r"[^A-Za-z]+", "_", path).strip("_") in done.stdout


def test_an_unbroken_copy_is_not(original: Path) -> None:
    world = World(original)
    assert content.complaints(world, Counter()) + composition.complaints(world) == []
    assert library_requirements.complaints(original) == []
