"""The library in vendor/ of an installed project: however it is installed, moved or upgraded."""

import shutil
import subprocess
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Bake
from test_installed import attempt, run

import toolbox
import wheel
from behaviour import PACKAGE

PYTHON = ".venv/bin/python"
SHOWS_LIBRARY = "import importlib.metadata as m; print(m.version('mlops-loop'))"
# A setting's default, as somebody who works on the library would change it.
DEFAULT = "folds: Annotated[int, Field(ge=2)] = 3"
CHANGED = "folds: Annotated[int, Field(ge=2)] = 4"
FOLDS = f"from {PACKAGE}.project import project; print(project.settings.training.folds)"
TESTS_WANT = "def test_folds():\n    from {package}.project import project\n" + (
    "    assert project.settings.training.folds == {folds}\n"
)


@contextmanager
def index() -> Iterator[tuple[str, list[str]]]:
    """A package index that has nothing, and what it was asked for."""
    asked: list[str] = []

    class Nothing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple/", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel of the next version, in which a default is another."""
    folder = tmp_path_factory.mktemp("changed")
    source = folder / "source"
    shutil.copytree(toolbox.ROOT / "src", source / "src")
    shutil.copy(toolbox.ROOT / "LICENSE", source)
    version, newer = wheel.library_version(), wheel.next_version(wheel.library_version())
    text = wheel.PYPROJECT.read_text(encoding="utf-8").replace(f'"{version}"', f'"{newer}"', 1)
    (source / "pyproject.toml").write_text(text, encoding="utf-8")
    settings = source / "src/mlops_loop/settings.py"
    text = settings.read_text(encoding="utf-8")
    assert DEFAULT in text
    settings.write_text(text.replace(DEFAULT, CHANGED), encoding="utf-8")
    (folder / "wheels").mkdir()
    wheel.build(folder / "wheels", source)
    return folder / "wheels"


@pytest.fixture
def mine(bake: Bake, tools: dict[str, str]) -> Path:
    """An installed project whose test looks at the default that is to change."""
    project = bake()
    run("make install", project, tools)
    shutil.rmtree(project / "tests", ignore_errors=True)
    (project / "tests").mkdir()
    return project


def expect_folds(project: Path, folds: int) -> None:
    text = TESTS_WANT.format(package=PACKAGE, folds=folds)
    (project / "tests" / "test_folds.py").write_text(text, encoding="utf-8")


def test_an_upgrade_takes_one_command_and_no_network(
    mine: Path, changed: Path, tools: dict[str, str]
) -> None:
    expect_folds(mine, 4)
    with index() as (url, asked):
        offline = {**tools, "PIP_INDEX_URL": url}
        offline |= {"UV_DEFAULT_INDEX": url, "POETRY_PYPI_MIRROR_URL": url}
        said = run(f"make upgrade WHEEL='{changed}'", mine, offline)
    (new,) = changed.iterdir()
    assert "the tests pass" in said and asked == []
    assert [path.name for path in (mine / "vendor").iterdir()] == [new.name]
    assert run(f'{PYTHON} -c "{FOLDS}"', mine, tools).strip() == "4"
    assert "All set!" in run("poetry check --lock", mine, tools)


def test_an_upgrade_that_breaks_the_project_is_undone(
    mine: Path, changed: Path, tools: dict[str, str]
) -> None:
    expect_folds(mine, 3)
    done = attempt(f"make upgrade WHEEL='{changed}'", mine, tools)
    assert done.returncode != 0 and "tests fail" in done.stderr
    assert run("git status --porcelain vendor pyproject.toml poetry.lock", mine, tools) == ""
    assert run(f'{PYTHON} -c "{FOLDS}"', mine, tools).strip() == "3"


def test_a_patch_at_night(mine: Path, tools: dict[str, str]) -> None:
    command = f"{PYTHON} -m {PACKAGE}"
    run(f"{command} library eject", mine, tools)
    settings = mine / "library/mlops_loop/settings.py"
    settings.write_text(settings.read_text(encoding="utf-8").replace(DEFAULT, CHANGED), "utf-8")
    assert "unpacked in library/" in run(f"{command} doctor", mine, tools)
    assert run(f'{PYTHON} -c "{FOLDS}"', mine, tools).strip() == "4"
    run(f"{command} library build", mine, tools)
    assert run(f'{PYTHON} -c "{SHOWS_LIBRARY}"', mine, tools).strip().endswith("+local.1")
    assert run(f'{PYTHON} -c "{FOLDS}"', mine, tools).strip() == "4"


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_the_list_for_pip_works_where_the_project_was_moved_to(
    installed: Path, tools: dict[str, str], tmp_path: Path, installer: str
) -> None:
    moved = tmp_path / "späte Flüge" / "my project"
    ignored = shutil.ignore_patterns(".venv", "var", ".git")
    shutil.copytree(installed, moved, ignore=ignored)
    run("make requirements", installed, tools)
    shutil.copy(installed / "requirements.txt", moved)
    assert "./vendor/mlops_loop-" in (moved / "requirements.txt").read_text(encoding="utf-8")
    python = environment(tmp_path, tools)
    how = (
        f"'{python}' -m pip install"
        if installer == "pip"
        else f"uv pip install --python '{python}'"
    )
    run(f"{how} --quiet --require-hashes -r requirements.txt", moved, tools)
    shows(python, moved, tools)


def test_pip_installs_the_project_in_place(
    bake: Bake, tools: dict[str, str], tmp_path: Path
) -> None:
    place = tmp_path / "späte Flüge"
    place.mkdir()
    project = bake().rename(place / "my project")
    python = environment(tmp_path, tools)
    run(f"'{python}' -m pip install --quiet .", project, tools)
    shows(python, project, tools)
    run(f"'{python}' -m {PACKAGE} --help", tmp_path, tools)


def environment(folder: Path, env: dict[str, str]) -> Path:
    place = Path(tempfile.mkdtemp(dir=folder))
    run(f"python3 -m venv '{place}'", folder, env)
    return place / "bin" / "python"


def shows(python: Path, project: Path, env: dict[str, str]) -> None:
    """The interpreter has the library that the project carries."""
    (carried,) = (project / "vendor").iterdir()
    version = run(f"'{python}' -c \"{SHOWS_LIBRARY}\"", project, env).strip()
    assert carried.name == f"mlops_loop-{version}-py3-none-any.whl"
    with zipfile.ZipFile(carried) as archive:
        assert "mlops_loop/py.typed" in archive.namelist()


@pytest.mark.parametrize("extra", ["lightgbm"])
def test_a_library_of_models_is_added_by_one_command(
    mine: Path, tools: dict[str, str], extra: str
) -> None:
    run(f"make add PACKAGE={extra}", mine, tools)
    run(f'{PYTHON} -c "import {extra}"', mine, tools)
    assert "All set!" in run("poetry check --lock", mine, tools)
    done = subprocess.run(["git", "diff", "--stat"], cwd=mine, capture_output=True, text=True)
    assert "pyproject.toml" in done.stdout and "vendor" not in done.stdout
