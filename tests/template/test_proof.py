"""The proof of every variant: what its files say, and whether they fit together."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import composition
import content
import library_requirements
import pytest
import shell
from conftest import Bake
from test_static import YAMLLINT
from typed import Types, is_checked
from world import World

import toolbox
from baking import contents
from variants import light_options

COUNTS: Counter[str] = Counter()
CONFIGURED = {
    "black_flake8": {
        "black": ["--check", "--quiet", "--config", "0/pyproject.toml"],
        "isort": ["--check-only", "--settings-file", "0/pyproject.toml"],
        "flake8": ["--config", "0/.flake8"],
    },
    "ruff": {
        "ruff format": ["--check", "--quiet", "--config", "0/pyproject.toml"],
        "ruff check": ["--quiet", "--config", "0/pyproject.toml"],
    },
}


@pytest.fixture(scope="module")
def world() -> World:
    return World(toolbox.ROOT)


@pytest.fixture(scope="module", autouse=True)
def counted(world: World, pytestconfig: pytest.Config) -> Iterator[None]:
    """Say afterwards how much was proven."""
    yield
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    writer = pytestconfig.pluginmanager.getplugin("terminalreporter")
    contents = sum(map(len, world.editions.values()))
    with capture.global_and_fixture_disabled():
        writer.write_line(
            f"\n{world.count} variants of {len(world.paths)} files, "
            f"{contents} distinct contents; checked: "
            + ", ".join(f"{what} {count}" for what, count in COUNTS.items())
        )


@pytest.fixture(scope="module")
def laid_out(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All contents, once for each style, since its tools have their settings among them."""
    places = {style: tmp_path_factory.mktemp(style) for style in CONFIGURED}
    for style, place in places.items():
        content.lay_out(world, place, {"code_style": style})
    return places


def check(command: list[str | Path], cwd: Path, files: list[Path], name: str) -> None:
    assert files, name
    COUNTS[name] += len(files)
    done = subprocess.run([*command, *files], cwd=cwd, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def found(place: Path, *patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in place.glob(f"[0-9]*/{pattern}"))


def test_every_content_is_right_by_itself(world: World) -> None:
    assert content.complaints(world, COUNTS) == []


def test_the_files_of_every_variant_fit_together(world: World) -> None:
    assert composition.complaints(world) == []
    COUNTS["compositions"] += world.count


def test_the_library_declares_what_it_imports() -> None:
    assert library_requirements.complaints(toolbox.ROOT) == []


@pytest.mark.parametrize(
    ("style", "tool"), [(style, tool) for style, tools in CONFIGURED.items() for tool in tools]
)
def test_python_is_in_style(laid_out: dict[str, Path], style: str, tool: str) -> None:
    files = found(laid_out[style], "**/*.py")
    command = [sys.executable, "-m", *tool.split(), *CONFIGURED[style][tool]]
    check([*command], laid_out[style], files, tool)


@pytest.mark.parametrize("style", CONFIGURED)
def test_settings_fit_their_tools(laid_out: dict[str, Path], style: str) -> None:
    place = laid_out[style]
    yaml = found(place, "**/*.yml", "**/*.yaml", ".github/workflows/*.yml", ".*.yaml")
    python: list[str | Path] = [sys.executable, "-m"]
    check([*python, "yamllint", "--strict", "-d", YAMLLINT], place, sorted(set(yaml)), "yamllint")
    workflows = found(place, ".github/workflows/*.yml")
    schema = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    check([*python, *schema], place, workflows, "workflow schema")
    zizmor: list[str | Path] = [toolbox.program("zizmor"), "--offline", "--no-progress"]
    check(zizmor, place, workflows, "zizmor")
    pyprojects = found(place, "pyproject.toml")
    check([*python, "validate_pyproject"], place, pyprojects, "validate-pyproject")
    for makefile in found(place, "Makefile"):
        dry = ["make", "--dry-run", "--always-make", "help", "check", "clean", "--file"]
        check([*dry], makefile.parent, [makefile], "make")


def test_types_are_right_in_every_file(world: World, types: Types) -> None:
    """As `make types` finds in a project."""
    found, seen = types.complaints(world)
    assert found == []
    assert set(seen) == {path for path in world.paths if is_checked(path)}
    COUNTS["mypy strict"] += seen.total()


def test_shell_is_sound(world: World, tmp_path: Path) -> None:
    check([toolbox.program("shellcheck")], tmp_path, shell.write(world, tmp_path), "shellcheck")


def test_contents_are_those_that_cookiecutter_writes(world: World, bake: Bake) -> None:
    light = light_options(world.template.root)
    last = {question: choices[-1] for question, choices in light.items()}
    for answers in ({}, last):
        where = world.where({**world.answers(world.all), **answers})
        foreseen = {
            world.place(path): text.encode()
            for path in world.paths
            for text, variants in world.editions[path].items()
            if variants & where and path != "poetry.lock"
        }
        written = contents(bake(**answers))
        for path in ("poetry.lock", *world.wheels):
            del written[path]
        assert written == foreseen
