"""What is not documented does not exist: commands, endpoints and settings are named for people."""

from collections.abc import Iterator

import click
import pytest
import yaml
from pydantic import BaseModel

from mlops_loop.serving import openapi
from mlops_loop.settings import Settings

from .places import FLIGHTS, REPOSITORY
from .projects import cli

ROOT = REPOSITORY / "{{cookiecutter.project_slug}}"
PAGES = "\n".join(
    page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"))
)


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        parts = getattr(field.annotation, "__args__", ())
        inner = next((part for part in (field.annotation, *parts) if is_section(part)), None)
        if inner is None:
            yield f"{prefix}{name}"
        else:
            yield from keys(inner, f"{prefix}{name}.")


def is_section(part: object) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def written(body: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict) and value:
            yield from written(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("command", list(commands(cli)))
def test_the_pages_name_every_command(command: str) -> None:
    assert f" {command}" in PAGES


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in cli.commands.items() if not command.help] == []


def test_the_settings_file_names_every_key() -> None:
    body = yaml.safe_load((FLIGHTS / "config/project.yaml").read_text(encoding="utf-8"))
    # A project that has no past to play needs no section for it.
    optional = set() if "replay" in body else {key for key in keys(Settings) if "replay." in key}
    assert set(written(body)) == set(keys(Settings)) - {"root", "features.disabled"} - optional


def test_the_pages_name_every_endpoint() -> None:
    endpoints = [f"`{operation}`" for operation in openapi.library_operations()]
    pages = [f"`GET {path}`" for path in openapi.PUBLIC_PATHS]
    assert endpoints and [each for each in endpoints + pages if each not in PAGES] == []
