"""What is not documented does not exist: the pages name commands, settings, endpoints and more."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner
from markdown_it import MarkdownIt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mlops_loop import _documentation as documentation
from mlops_loop import testing
from mlops_loop._settings import Settings
from mlops_loop._yaml_file import parse_yaml
from mlops_loop.serving import _openapi as openapi
from mlops_loop.serving._authorization import PUBLIC_PATHS

from .places import FLIGHTS, REPOSITORY
from .projects import cli

PROJECT = REPOSITORY / "{{cookiecutter.project_slug}}"
LIBRARY = REPOSITORY / "src" / "mlops_loop"
PAGES = {name: documentation.read_page(name) for name in documentation.page_names()}
TEXT = "\n".join(PAGES.values())
VARIABLE = re.compile(r"os\.environ(?:\[|\.get\(|\.setdefault\()\s*\"(\w+)\"")
WRITTEN_FILES = re.compile(r"(?:src/my_ml_project|config|tests|deploy|tools)/[\w./-]*\w")
EDITIONS = re.compile(r"_(fastapi|flask|scikit_learn)\.py$")
SETTING = re.compile(r"^\| `([\w.]+)` \| (?:`(.*?)`|required)? ?\|", re.MULTILINE)


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        parts = getattr(field.annotation, "__args__", ())
        inner = next((part for part in (field.annotation, *parts) if is_section(part)), None)
        if inner is None:
            yield f"{prefix}{name}", field
        else:
            yield from settings(inner, f"{prefix}{name}.")


def is_section(part: object) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def keys(body: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict) and value:
            yield from keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


@pytest.mark.parametrize("command", list(commands(cli)))
def test_the_page_of_commands_names_every_command(command: str) -> None:
    assert f" {command}" in PAGES["commands"]


def test_every_command_says_what_it_does() -> None:
    assert [name for name, command in cli.commands.items() if not command.help] == []


def test_the_page_of_settings_names_every_key_with_its_default() -> None:
    documented = dict(SETTING.findall(PAGES["settings"]))
    expected = {key: field for key, field in settings(Settings) if key != "root"}
    assert documented.keys() == expected.keys()
    for key, field in expected.items():
        written = parse_yaml(documented[key]) if documented[key] else None
        if field.is_required() or field.get_default() in (None, "", (), {}):
            assert written is None, key
        else:
            assert parsed(key, written) == field.get_default(), key


def parsed(key: str, written: object) -> object:
    """What the settings make of a value."""
    for name in reversed(key.split(".")):
        written = {name: written}
    loaded: object = Settings(root=FLIGHTS, **written)  # type: ignore[arg-type]
    for name in key.split("."):
        loaded = getattr(loaded, name)
    return loaded


def test_the_settings_file_names_every_key() -> None:
    body = yaml.safe_load((FLIGHTS / "config/project.yaml").read_text(encoding="utf-8"))
    # A project that has no past to play needs no section for it.
    known = {key for key, _ in settings(Settings)}
    optional = set() if "replay" in body else {key for key in known if "replay." in key}
    assert set(keys(body)) == known - {"root", "features.disabled", "features.calendar"} - optional


def test_the_page_of_settings_names_every_environment_variable() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py"))
    used = set(VARIABLE.findall(source)) - {"PATH"}
    assert used and {name for name in used if f"`{name}" not in PAGES["settings"]} == set()


def test_the_pages_name_every_endpoint() -> None:
    endpoints = [
        f"`{'POST' if 'requestBody' in operation else 'GET'} {path}`"
        for path, operation in openapi._OPERATIONS.items()
    ]
    pages = [f"`GET {path}`" for path in PUBLIC_PATHS]
    assert endpoints and [each for each in endpoints + pages if each not in PAGES["http"]] == []


def test_the_pages_name_everything_that_tests_of_a_project_use() -> None:
    names = set(testing.__all__) - {"API_KEY", "TrainedProject"}
    assert {name for name in names if f"`{name}`" not in PAGES["project"]} == set()


def test_files_that_the_pages_name_are_in_the_project() -> None:
    package = PROJECT / "src" / "{{cookiecutter.package_name}}"
    there = {
        EDITIONS.sub(".py", path.relative_to(PROJECT).as_posix()).replace(
            package.relative_to(PROJECT).as_posix(), "src/my_ml_project"
        )
        for path in PROJECT.rglob("*")
    } | {
        "src/my_ml_project",
        "src/my_ml_project/feature_store.py",
    }  # the page has it in full
    assert {name for name in WRITTEN_FILES.findall(TEXT) if name not in there} == set()


def test_targets_that_the_pages_name_are_in_the_makefile() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:`|^|\$ |&& )make ([a-z]+)", TEXT, re.MULTILINE))
    assert named and named <= targets


def test_the_index_lists_every_page() -> None:
    assert {path.stem for path in (LIBRARY / "docs").iterdir()} == set(PAGES)


def test_a_page_in_a_pipe_is_markdown() -> None:
    result = CliRunner().invoke(cli, ["docs", "http"])
    assert (result.exit_code, result.output) == (0, PAGES["http"])
    assert CliRunner().invoke(cli, ["docs"]).output == PAGES["index"]


def test_a_page_on_a_terminal_is_rendered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    cli.main(["docs", "http"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "POST /predict" in shown and "| --- |" not in shown


def test_an_unknown_page_names_those_there_are() -> None:
    result = CliRunner().invoke(cli, ["docs", "htpp"])
    assert result.exit_code == 2
    assert "there is no page 'htpp'; available: index, tutorial" in result.output


def test_pages_become_html_whose_links_lead_somewhere(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["docs", "loop", "--html", str(tmp_path / "pages")])
    assert result.output == f"open {(tmp_path / 'pages/loop.html').as_uri()}\n"
    written = {page.name for page in (tmp_path / "pages").iterdir()}
    assert written == {f"{name}.html" for name in PAGES}
    index = (tmp_path / "pages/index.html").read_text(encoding="utf-8")
    linked = set(re.findall(r'href="([\w-]+\.html)"', index))
    assert linked == written
    assert "<table>" in index and "](" not in index


def test_pages_are_plain_markdown() -> None:
    for name, page in PAGES.items():
        kinds = {token.type for token in MarkdownIt().parse(page)}
        assert kinds.isdisjoint({"html_block", "code_block"}), name
        assert "{{" not in page and "{%" not in page, name
