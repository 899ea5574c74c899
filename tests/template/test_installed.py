"""The default project, installed from its lock: everything it advertises is run."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from advertised import commands
from conftest import Bake

import toolbox
from variants import options

SLUG = "my-ml-project"
PLACEHOLDER = re.compile(r"\b(INPUT|OUTPUT|FILE|VERSION)\b")
SERVERS = {
    f"{prefix} {name}": path
    for name, path in {"serve": "/health/live", "ui": "/"}.items()
    for prefix in ("make", f"poetry run {SLUG}")
} | {"poetry run uvicorn my_ml_project.app:app": "/health/live"}
ENDLESS = {f"poetry run {SLUG} loop run"}
SECONDS_TO_START = 120
# Resolving anew would prove what is on the index today; that the lock fits is what we promise.
# All rendered tests run once, by `make test`; the other commands show that they reach them.
SOME_TESTS = "--no-cov tests/test_features.py"
# An image takes a container engine, which a fresh machine lacks; the project's CI builds it.
INSTEAD = {
    "make image": "make --dry-run image",
    # Changes what is installed: tests/template/test_vendored.py does that, in projects of its own.
    "make lock": "make --dry-run lock",
    "make lock install": "make --dry-run lock install",
    "make add": "make --dry-run add",
    "make upgrade": "make --dry-run upgrade",
    "make upgrade WHEEL=FILE": "make --dry-run upgrade WHEEL=NAME",
    f"poetry run {SLUG} library upgrade FILE": f"poetry run {SLUG} library upgrade --help",
    f"poetry run {SLUG} library eject": f"poetry run {SLUG} library eject --help",
    f"poetry run {SLUG} library build": f"poetry run {SLUG} library build --help",
    "poetry lock": "poetry check --lock",
    f"API_KEY=… poetry run {SLUG} replay rows.csv --url https://service.example.com": (
        f"poetry run {SLUG} replay --help"  # no service is deployed here
    ),
    # The default project has no Dask: tests/library/engines runs these.
    f"poetry run {SLUG} ingest --engine dask://scheduler.internal:8786": (
        f"poetry run {SLUG} ingest --help"
    ),
    f'poetry run {SLUG} score data/parcels predictions.parquet --engine "dask://local?workers=4"': (
        f"poetry run {SLUG} score --help"
    ),
    "make check": f'make check ARGS="{SOME_TESTS}"',
    "poetry run pytest --cov -n auto --dist loadfile": f"poetry run pytest {SOME_TESTS}",
}
VERDICT = "held-out rows"


def instead(command: str) -> str:
    """A command that reaches the same program, for one that changes what is installed."""
    if command.startswith("make add PACKAGE="):
        return command.replace("make add", "make --dry-run add")
    return INSTEAD.get(command, command)


def run(command: str, project: Path, env: dict[str, str]) -> str:
    if " adopt " in command:  # the replay is the sample's, which another table replaces
        env = {key: value for key, value in env.items() if "__REPLAY__" not in key}
    done = attempt(command, project, env)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def attempt(command: str, project: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        directly(command),
        shell=True,
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )


def directly(command: str) -> str:
    """The command without Poetry, whose start takes longer than most of them do."""
    return command.replace("poetry run ", ".venv/bin/")


def train(command: str, project: Path, env: dict[str, str]) -> None:
    """A gate that says no is an answer too: 3, or make's 2 around it."""
    done = attempt(command, project, env)
    assert VERDICT in done.stdout, done.stdout + done.stderr
    said_no = done.returncode == 3 or "Error 3" in done.stderr
    assert done.returncode == 0 or said_no, f"{command}: exit {done.returncode}\n{done.stderr}"


@contextmanager
def started(command: str, project: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command that does not end by itself; it is stopped with all its children."""
    process = subprocess.Popen(
        directly(command),
        shell=True,
        cwd=project,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a command and its children: asked first, then made to."""
    for request in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, request)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Whether the address answers 200 before the process ends or the time is up."""
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def filled_in(command: str, project: Path, env: dict[str, str]) -> str:
    """The command with real files and versions in the place of the words in capitals."""
    if PLACEHOLDER.search(command):
        (project / "var" / "exports").mkdir(parents=True, exist_ok=True)
    values: dict[str, Callable[[], str]] = {
        "OUTPUT": lambda: "var/exports/scored.parquet",
        "INPUT": lambda: str(next((project / "var" / "snapshots").rglob("*.parquet"))),
        "FILE": lambda: labels(project, env) if " label " in command else "var/exports/log.parquet",
        "VERSION": lambda: version(project, env),
    }
    return PLACEHOLDER.sub(lambda match: f"'{values[match[0]]()}'", command)


def version(project: Path, env: dict[str, str]) -> str:
    """The challenger or previous champion; without one, the version that was last moved."""
    status = json.loads(run(f"poetry run {SLUG} status --json", project, env))
    if other := status["challenger"] or status["previous"]:
        return str(other["version"])
    history = json.loads(run(f"poetry run {SLUG} loop history --json", project, env))
    versions = [entry["details"].get("version") for entry in history["entries"]]
    return str([version for version in versions if version][-1])


def labels(project: Path, env: dict[str, str]) -> str:
    """A file with the outcome of one prediction that the log holds."""
    code = "import pyarrow.parquet as p; print(p.read_table('var/exports/log.parquet')"
    code += "['prediction_id'][-1])"
    prediction_id = run(f'.venv/bin/python -c "{code}"', project, env).strip()
    path = project / "var" / "exports" / "labels.csv"
    path.write_text(f"prediction_id,label\n{prediction_id},true\n")
    return str(path)


def replay(command: str, project: Path, env: dict[str, str]) -> None:
    """Send a few rows that were logged before to a service of their own."""
    code = "import pyarrow.parquet as p; p.write_table(p.read_table('var/exports/log.parquet')"
    run(f""".venv/bin/python -c "{code}.slice(0, 20), 'var/exports/few.parquet')\"""", project, env)
    port = free_port()
    with started(f"poetry run {SLUG} serve --port {port}", project, env) as process:
        assert answers(f"http://127.0.0.1:{port}/health/ready", process)
        command = command.replace("FILE", "var/exports/few.parquet")
        said = run(f"{command} --url http://127.0.0.1:{port}", project, env)
        assert said.startswith("20 rows in")


def adopting(installed: Path) -> Path:
    """A copy of the project, which will not be what it was, with a table to adopt."""
    copy = installed.parent / "adopting" / SLUG
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns(".venv", "var", ".git"))
    (copy / ".venv").symlink_to(installed / ".venv")
    rows = (f"{number},{number * 7 % 5},{number % 3 == 0}\n" for number in range(200))
    (copy / "my.csv").write_text("x,z,y\n" + "".join(rows))
    return copy


@pytest.mark.parametrize("command", commands())
def test_advertised_command_works(installed: Path, tools: dict[str, str], command: str) -> None:
    if command in SERVERS:
        port = free_port()
        flags = f'ARGS="--port {port}"' if command.startswith("make") else f"--port {port}"
        with started(f"{command} {flags}", installed, tools) as process:
            assert answers(f"http://127.0.0.1:{port}{SERVERS[command]}", process)
    elif command in ENDLESS:
        with (
            started(command, installed, tools) as process,
            pytest.raises(subprocess.TimeoutExpired),
        ):
            process.wait(timeout=10)
    elif " replay FILE" in command:
        replay(command, installed, tools)
    elif command.endswith((" evaluate", " register")):
        assert attempt(command, installed, tools).returncode in (0, 3)
    elif command.endswith(" doctor --deploy"):
        # Without a key, whatever the other commands have created.
        env = {**tools, "MY_ML_PROJECT__SERVING__KEY_FILE": "var/no-keys.json"}
        done = attempt(command, installed, env)
        assert done.returncode == 3 and "(docs security#keys)" in done.stdout
    elif " train" in command:
        train(command, installed, tools)
    elif " adopt " in command:
        copy = adopting(installed)
        # Its environment is that of the original, whose package it would work on.
        env = {**tools, "MY_ML_PROJECT__ROOT": str(copy)}
        run(command.replace("FILE", "my.csv").replace("COLUMN", "y"), copy, env)
    else:
        run(filled_in(instead(command), installed, tools), installed, tools)


def test_poetry_reaches_the_commands_and_the_tools(installed: Path, tools: dict[str, str]) -> None:
    for command in (f"{SLUG} --help", "uvicorn --version", "pytest --version"):
        reached = subprocess.run(["poetry", "run", *command.split()], cwd=installed, env=tools)
        assert reached.returncode == 0


def test_lock_that_arrived_is_the_one_that_was_installed(
    installed: Path, tools: dict[str, str]
) -> None:
    assert "All set!" in run("poetry check --lock", installed, tools)


def test_formatting_changes_nothing(installed: Path, tools: dict[str, str]) -> None:
    run("make format", installed, tools)
    assert run("git status --porcelain --untracked-files=no", installed, tools) == ""


def test_make_works_in_a_folder_with_spaces(
    bake: Bake, tools: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "my first projects").mkdir()
    project = bake().rename(tmp_path / "my first projects" / SLUG)
    run("make install", project, tools)
    run("make status", project, tools)


def test_poetry_takes_over_where_uv_dies(bake: Bake, tools: dict[str, str], tmp_path: Path) -> None:
    project = bake()
    dying = tmp_path / "bin" / "uv"
    dying.parent.mkdir()
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dying.chmod(0o755)
    env = {**tools, "PATH": f"{dying.parent}{os.pathsep}{tools['PATH']}"}
    done = attempt("make install", project, env)
    assert done.returncode == 0, done.stderr
    assert "Poetry takes over" in done.stderr
    assert run(".venv/bin/python -m my_ml_project --help", project, tools)


def test_make_says_what_to_do_before_anything_is_installed(project: Path) -> None:
    done = subprocess.run(["make", "loop"], cwd=project, capture_output=True, text=True)
    assert done.returncode != 0
    assert "run 'make install'" in done.stderr.splitlines()[0]


@pytest.mark.parametrize("framework", options()["web_framework"])
def test_main_dependencies_alone_import_the_service(
    bake: Bake, tools: dict[str, str], tmp_path: Path, framework: str
) -> None:
    project = bake(web_framework=framework)
    python = toolbox.load_installer().executable(tmp_path / "slim", "python")
    run(f"uv venv --quiet '{tmp_path}/slim'", project, tools)
    run(f"poetry export --quiet --only main --output '{tmp_path}/main.txt'", project, tools)
    run(f"uv pip sync --quiet --python '{python}' '{tmp_path}/main.txt'", project, tools)
    run(f"uv pip install --quiet --no-deps --python '{python}' .", project, tools)
    # The package is outside the project's folder here, and gets its path.
    env = {**tools, "MY_ML_PROJECT__ROOT": str(project)}
    run(f"'{python}' -c 'import my_ml_project.app'", tmp_path, env)
    run(f"'{tmp_path}/slim/bin/{SLUG}' serve --help", tmp_path, tools)
    listed = run(f"uv pip list --quiet --python '{python}'", project, tools).lower()
    others = set(options()["web_framework"]) - {framework}
    assert framework in listed.split() and others.isdisjoint(listed.split())
