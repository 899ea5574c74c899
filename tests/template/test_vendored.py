"""The library in vendor/ of an installed project: however it is installed, moved or upgraded."""

import json
import re
import shutil
import socket
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Bake
from test_installed import attempt, run

import toolbox
import wheel
from behaviour import PACKAGE, free_port, started

PYTHON = ".venv/bin/python"
SHOWS_LIBRARY = "import importlib.metadata as m; print(m.version('mlops-loop'))"
# A setting's default, as somebody who works on the library would change it.
DEFAULT = "folds: Annotated[int, Field(ge=2)] = 3"
CHANGED = "folds: Annotated[int, Field(ge=2)] = 4"
FOLDS = f"from {PACKAGE}.project import project; print(project.settings.training.folds)"
TESTS_WANT = "def test_folds():\n    from {package}.project import project\n" + (
    "    assert project.settings.training.folds == {folds}\n"
)
PREDICT = f"""
from mlops_loop.contract._json_schema import example_row
from {PACKAGE}.app import app
from {PACKAGE}.project import project
from starlette.testclient import TestClient

with TestClient(app) as client:
    assert client.post("/predict", json=example_row(project.contract)).status_code == 200
"""


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
    settings = source / "src/mlops_loop/_settings.py"
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
    settings = mine / "library/mlops_loop/_settings.py"
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


def test_lightgbm_and_postgresql_take_an_extra_and_a_line_each(
    mine: Path, tools: dict[str, str], tmp_path: Path
) -> None:
    """As docs/models.md and docs/prediction-log.md say it, in a project with neither."""
    run("make add PACKAGE=lightgbm", mine, tools)
    run("make add PACKAGE=postgresql", mine, tools)
    assert "All set!" in run("poetry check --lock", mine, tools)
    changed = run("git diff --stat", mine, tools)
    assert "pyproject.toml" in changed and "vendor" not in changed

    models = mine / f"src/{PACKAGE}/models.py"
    replace(models, "baseline, scikit_learn", "baseline, lightgbm, scikit_learn")
    replace(models, "    scikit_learn.trees(),", "    scikit_learn.trees(),\n    lightgbm.trees(),")
    port = free_port()
    # Root runs the server as another account, which has to reach its data.
    data = Path(tempfile.mkdtemp(prefix="store-"))
    data.chmod(0o711)
    place = f"postgresql://postgres@localhost:{port}/postgres?password_file={data}/password"
    address = f"prediction_log: {place} #"
    replace(mine / "config/project.yaml", "# prediction_log:", address)

    server = "mlops_loop.local_servers.postgresql"
    store = f"{PYTHON} -m {server} --hasty --port {port} --folder {data}/data"
    with (tmp_path / "store.log").open("w") as log, started(store, mine, tools, log):
        wait_for(port)
        run("make ingest", mine, tools)
        shown = run("make train", mine, tools)
        assert re.search(r"^[* ] *\d lightgbm ", shown, re.MULTILINE), shown
        assert "version 1: champion" in shown
        (tmp_path / "predict.py").write_text(PREDICT, encoding="utf-8")
        keyless = {**tools, f"{PACKAGE.upper()}__SERVING__ALLOW_ANONYMOUS": "true"}
        run(f"{PYTHON} '{tmp_path}/predict.py'", mine, keyless)
        status = json.loads(run(f"{PYTHON} -m {PACKAGE} status --json", mine, tools))
    assert status["log"]["predictions"] == 1
    assert not list((mine / "var").glob("predictions.db*"))
    shutil.rmtree(data)


def wait_for(port: int) -> None:
    """Return when something listens to a port of this machine, or after half a minute."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.2)


def replace(path: Path, old: str, new: str) -> None:
    """Edit what a file says in one place."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new), encoding="utf-8")
