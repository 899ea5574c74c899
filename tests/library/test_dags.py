"""The commands that the DAGs of a rendered project run are commands of the library."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from .places import REPOSITORY
from .projects import cli

DAGS = REPOSITORY / "{{cookiecutter.project_slug}}" / "dags"


def commands(file: Path) -> Iterator[list[str]]:
    """The words of each command that a file runs; what is no constant is left empty."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "run":
            yield [str(word.value) if isinstance(word, ast.Constant) else "" for word in node.args]


@pytest.mark.parametrize("file", sorted(DAGS.glob("*.py")), ids=lambda file: file.stem)
def test_the_dags_run_commands_that_exist(file: Path) -> None:
    found = list(commands(file))
    assert found
    for words in found:
        command: click.Command = cli
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= known, (file, command.name)
