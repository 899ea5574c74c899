"""The default project and its variants, as they are rendered."""

import json
import re
from pathlib import Path

import pytest
from conftest import Bake

from baking import DEFAULTS, TEMPLATE, contents, expected_files, files
from behaviour import OWNED
from covering import go_together

QUESTIONS = json.loads((TEMPLATE.parent / "cookiecutter.json").read_text(encoding="utf-8"))
CHOICES = [
    (name, choice)
    for name, answer in QUESTIONS.items()
    if name[0] != "_"
    for choice in answer
    if isinstance(answer, list)
]
MAY_BE_EMPTY = {"__init__.py", "py.typed", ".gitkeep"}


def text_files(project: Path) -> dict[str, str]:
    read = contents(project)
    return {name: read[name].decode("utf-8") for name in read if not name.endswith(".whl")}


def test_default_project_has_exactly_the_files_of_the_template(project: Path) -> None:
    assert files(project) == expected_files(DEFAULTS)


@pytest.mark.parametrize(("question", "choice"), CHOICES)
def test_each_choice_keeps_exactly_what_it_owns(bake: Bake, question: str, choice: str) -> None:
    given = {question: choice}
    if not go_together({**DEFAULTS, **given}):
        given["prediction_log"] = "none"
    assert files(bake(**given)) == expected_files({**DEFAULTS, **given})


def test_every_owned_path_is_in_the_template() -> None:
    owned = {path for owners in OWNED.values() for paths in owners.values() for path in paths}
    assert {path for path in owned if not (TEMPLATE / path).exists()} == set()


def test_every_owner_is_an_answer() -> None:
    for question, owners in OWNED.items():
        assert set(owners) == set(QUESTIONS[question])


def test_nothing_of_the_template_is_left_over(project: Path) -> None:
    left = re.compile(r"cookiecutter|\{%|(?<!\$)\{\{")
    own_jinja = re.compile(r"cookiecutter")
    brace = re.compile(r"cookiecutter|\{%")
    found = []
    for name, text in text_files(project).items():
        pattern = {".j2": own_jinja, ".py": brace}.get(Path(name).suffix, left)
        found += [f"{name}: {line}" for line in text.splitlines() if pattern.search(line)]
    assert found == []


def test_files_end_well(project: Path) -> None:
    faults = []
    for name, text in text_files(project).items():
        if not text:
            faults += [f"{name}: empty"] if Path(name).name not in MAY_BE_EMPTY else []
            continue
        faults += [f"{name}: trailing blank"] if re.search(r"[ \t]$", text, re.MULTILINE) else []
        if text.endswith("\n\n") or not text.endswith("\n") or "\r" in text:
            faults.append(f"{name}: does not end with one newline")
        if "\n\n\n" in text and not name.endswith(".py") and not name.startswith("LICENSE"):
            faults.append(f"{name}: doubled blank lines")
    assert faults == []


def test_no_jinja_in_the_source_tree() -> None:
    sources = [*(TEMPLATE / "src").rglob("*.py"), *(TEMPLATE / "tools").rglob("*.py")]
    jinja = re.compile(r"\{\{ *cookiecutter|\{%")
    assert [path for path in sources if jinja.search(path.read_text(encoding="utf-8"))] == []


def test_rendering_twice_gives_the_same_bytes(bake: Bake, project: Path) -> None:
    assert contents(bake()) == contents(project)


def test_paths_that_the_readme_names_exist(project: Path) -> None:
    readme = (project / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| (`[^|]*/[^|]*`) \|", readme, re.MULTILINE)
    paths = [path for cell in named for path in re.findall(r"`([^` ]+)`", cell)]
    assert len(paths) > 5
    assert [path for path in paths if path != "var/" and not (project / path).exists()] == []


def test_rendered_tests_hold_no_jinja_but_the_name_of_the_package() -> None:
    """A pair of braces in an f-string of theirs would be taken for Jinja."""
    name = re.compile(r"\{\{ cookiecutter\.package_name \}\}")
    found = []
    for path in sorted((TEMPLATE / "tests").rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\{\{|\{%|\{#", name.sub("", line)):
                found.append(f"{path.relative_to(TEMPLATE)}:{number}: {line}")
    assert found == []
