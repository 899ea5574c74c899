"""Answers that are hard to write down come out right in every file."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import Bake
from markdown_it import MarkdownIt
from markdown_it.token import Token

from baking import cookiecutter, files
from variants import questions

HOSTILE = [
    "It's \"quoted\" and 'quoted'",
    "back\\slash \\n \\u0041 \\",
    "rocket 🚀 and family 👩‍👩‍👧",
    "проект 项目 مشروع",
    "<b>&amp; *stars* _lines_ `ticks` [x](y) ~~z~~ # $a$",
    "- a list: {not: yaml} #no comment",
    "1. 100% %(x)s $HOME ${HOME} !!python/none",
    '"""',
    "'''",
]


@pytest.mark.parametrize("answer", HOSTILE)
def test_free_text_survives_in_every_format(bake: Bake, answer: str) -> None:
    project = bake(project_name=answer, project_slug="p", description=answer, author_name=answer)
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata["description"] == answer
    assert metadata["authors"] == [{"name": answer, "email": "you@example.com"}]
    assert f"Copyright (c) {answer}\n" in (project / "LICENSE").read_text(encoding="utf-8")
    title, description = headline(project)
    assert (title, description) == (answer, answer)
    parse_everything(project)


def headline(project: Path) -> tuple[str, str]:
    """The title and the first paragraph of the README as a reader sees them."""
    tokens = MarkdownIt().parse((project / "README.md").read_text(encoding="utf-8"))
    shown = [token for token in tokens if token.type == "inline"][:2]
    return seen(shown[0].children or []), seen(shown[1].children or [])


def seen(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "text_special", "em_open", "em_close"}
    return "".join(token.content for token in tokens)


def parse_everything(project: Path) -> None:
    for name in (each for each in files(project) if not each.endswith(".whl")):
        text = (project / name).read_text(encoding="utf-8")
        if name.endswith(".py"):
            compile(text, name, "exec")
        elif name.endswith((".yaml", ".yml")):
            yaml.safe_load(text)
        elif name.endswith(".toml"):
            tomllib.loads(text)


def test_braces_typed_at_the_prompt_are_text(tmp_path: Path) -> None:
    description = "{{ cookiecutter.license }} {% raw %}"
    asked = [name for name in questions() if not name.startswith("_")]
    answers = [description if name == "description" else "" for name in asked]
    done = cookiecutter(tmp_path, typed="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "my-ml-project" / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["description"] == description


def test_empty_description_leaves_no_trace(bake: Bake) -> None:
    project = bake(description="")
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata["description"] == ""
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# My ML Project\n\nA machine-learning project")


@pytest.mark.parametrize(
    ("name", "slug", "package"),
    [
        ("Late Flights", "late-flights", "late_flights"),
        ("Überflug: 2 Städte", "uberflug-2-stadte", "uberflug_2_stadte"),
        ("2nd try", "2nd-try", "p2nd_try"),
        ("🚀", "my-ml-project", "my_ml_project"),
        (
            "a very long name " * 8,
            ("a-very-long-name-" * 8)[:60],
            ("a_very_long_name_" * 8)[:60].strip("_"),
        ),
    ],
)
def test_names_follow_from_the_name(bake: Bake, name: str, slug: str, package: str) -> None:
    project = bake(project_name=name)
    assert project.name == slug.strip("-")
    assert [path.name for path in (project / "src").iterdir()] == [package]


@pytest.mark.parametrize("package", ["m", "a_package_name_of_" + "sixty_" * 7])
def test_the_shortest_and_the_longest_names_stay_formatted(bake: Bake, package: str) -> None:
    project = bake(package_name=package)
    for style in (["black", "--check", "--quiet", "--diff"], ["isort", "--check"], ["flake8"]):
        command = [sys.executable, "-m", *style, "src", "tests", "tools"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
