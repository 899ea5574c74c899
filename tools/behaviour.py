"""Run one variant: rendered, installed from its own lock, tested, checked, its loop played."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from post_gen_project import OWNERS, Owned

import toolbox
from superset import by_answer
from variants import DEPLOYED, HEAVY, options, template

OWNED: Owned = tomllib.loads((toolbox.TEMPLATE / OWNERS).read_text(encoding="utf-8"))
SLUG, PACKAGE = "my-ml-project", "my_ml_project"
SECONDS_A_STEP = 1800
# The question whose answers need an interpreter each.
PYTHON = "python_version"
# Small but real: the commands are run as they are advertised, on a slice of the sample.
SLICE = {
    "SOURCE": "sample://flights?until=2013-03-01&rows_per_month=12000",
    "TRAINING__TUNING__TRIALS": "2",
    "REPLAY__UNTIL": "2013-05-01",
    "REPLAY__ROWS_PER_MONTH": "1000",
}
# What people and installers read, and nothing that runs.
TO_READ = re.compile(r"LICENSE.*|README\.md|pyproject\.toml|poetry\.lock|(.*/)?__pycache__/.*")
# Where a variant finds the server of its prediction log, where it needs one.
STORES = {
    "redis": "redis://localhost:{port}/0?password_file={folder}/password&spool=var/spool",
    "postgresql": "postgresql://postgres@localhost:{port}/postgres"
    "?password_file={folder}/password&spool=var/spool",
}


@dataclass
class Run:
    """A variant and what came of it: seconds for each step that passed, and what failed."""

    name: str
    answers: dict[str, str]
    python: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    passed: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class StepFailedError(Exception):
    """A step of a run failed; the text says which, and how it ended."""


@cache
def interpreter(version: str) -> Path | None:
    """The Python of a version (3.13); else the one that runs this, if it is newer; else none."""
    own = Path(getattr(sys, "_base_executable", sys.executable))
    if version == f"3.{sys.version_info.minor}":
        return own
    uv: list[str | Path] = [toolbox.program("uv"), "python", "find", "--no-project", version]
    done = subprocess.run(uv, env=toolbox.environment(), capture_output=True, text=True)
    if done.returncode == 0:
        return Path(done.stdout.strip())
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    newer = sys.version_info.minor > int(version.removeprefix("3."))
    return found[-1] if found else own if newer else None


def runnable(found: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """The questions, by default all, with those answers that can be run on this machine."""
    found = found or options()
    return {**found, PYTHON: [each for each in found[PYTHON] if interpreter(each)]}


def static() -> list[str]:
    """The answers that cannot."""
    have = runnable()[PYTHON]
    return [f"{PYTHON}={each}" for each in options()[PYTHON] if each not in have]


def heavy() -> list[str]:
    """The answers that only `make test-all` runs."""
    left_out = {**HEAVY, **DEPLOYED}
    return [f"{question}={each}" for question, answers in left_out.items() for each in answers]


def quiet() -> set[str]:
    """The questions whose answers change nothing that runs: no code, settings or dependency."""
    _, added = by_answer(template())
    loud = {PYTHON, *(question for question, _ in added)}
    for question, rows in OWNED.items():
        owned = [path for paths in rows.values() for path in paths]
        loud |= {question} if any(not TO_READ.fullmatch(path) for path in owned) else set()
    for path in sorted(template().tree.rglob("*")):
        name = path.relative_to(template().tree).as_posix()
        if path.is_file() and not TO_READ.fullmatch(name) and not template().is_copied(name):
            loud |= set(template().reads(name))
    return set(options()) - loud


def adds_nothing_that_runs(answers: Mapping[str, str], earlier: list[dict[str, str]]) -> bool:
    """Whether all answers were run by earlier variants, but for those of quiet questions."""
    return all(
        any(one[question] == answer for one in earlier)
        for question, answer in answers.items()
        if question not in quiet()
    )


def environment(python: Path, place: Path) -> dict[str, str]:
    """The environment of a machine whose `python3` is this one, with the slice of the sample."""
    env = toolbox.environment()
    programs = place / "bin"
    programs.mkdir(parents=True)
    (programs / "python3").symlink_to(python)
    sliced = {f"{PACKAGE.upper()}__{key}": value for key, value in SLICE.items()}
    return {**env, **sliced, "PATH": os.pathsep.join([str(programs), env["PATH"]])}


def render(place: Path, answers: Mapping[str, str]) -> Path:
    command = [*toolbox.cookiecutter(place), *(f"{name}={each}" for name, each in answers.items())]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise StepFailedError(f"render: {done.stdout}{done.stderr}")
    return place / SLUG


def prove(run: Run, place: Path, logs: Path, check: str = "make check") -> Run:
    """Run a variant in a folder of its own; the output of each step goes to `logs`.

    With an empty `check` it is installed, and its lock looked at, and that is all.
    """
    python = interpreter(run.answers[PYTHON])
    assert python is not None, run.answers
    try:
        env = environment(python, place)
        project = render(place, run.answers)
        step(run, "install", "make install", project, env, logs)
        run.python = version_of(project)
        step(run, "lock", "poetry check --lock", project, env, logs)
        if check:
            with store(project, env, logs / "store.log", run.answers) as env:
                step(run, "check", check, project, env, logs)
                step(run, "loop", "make loop", project, env, logs)
                champion(project, env)
        run.passed = True
    except StepFailedError as error:
        run.failed = str(error)
    return run


def step(run: Run, name: str, command: str, project: Path, env: dict[str, str], logs: Path) -> None:
    """One command of the project, with its output in a file."""
    logs.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (logs / f"{name}.log").open("w", encoding="utf-8") as log:
        with started(command, project, env, log) as process, suppress(subprocess.TimeoutExpired):
            process.wait(timeout=SECONDS_A_STEP)
        code = process.returncode
    if code:
        end = "\n".join((logs / f"{name}.log").read_text(encoding="utf-8").splitlines()[-25:])
        raise StepFailedError(f"'{command}' ended with exit code {code}:\n{end}")
    run.seconds[name] = round(time.monotonic() - began, 1)


@contextmanager
def started(
    command: str, project: Path, env: dict[str, str], log: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A command that may not end by itself: it is stopped with all its children."""
    process = subprocess.Popen(
        command, shell=True, cwd=project, env=env, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        for request in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, request)
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=15)


@contextmanager
def store(
    project: Path, env: dict[str, str], log: Path, answers: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """The server of the prediction log runs beside, if the answers ask for one, on a free port.

    Yields:
        The environment in which the project finds it.
    """
    if answers["prediction_log"] not in STORES:
        yield env
        return
    port = free_port()
    with TemporaryDirectory(prefix="store-") as name, log.open("w", encoding="utf-8") as file:
        # Root runs the server as another account, which has to reach its data.
        Path(name).chmod(0o711)
        address = STORES[answers["prediction_log"]].format(port=port, folder=name)
        command = f'make store ARGS="--port {port} --folder {name}/data"'
        with started(command, project, env, file) as server:
            yield {**env, f"{PACKAGE.upper()}__PREDICTION_LOG": address}
            if server.poll() is not None:
                raise StepFailedError(f"'make store' ended early, see {log}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def version_of(project: Path) -> str:
    code = "import platform; print(platform.python_version())"
    python = toolbox.load_installer().executable(project / ".venv", "python")
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def champion(project: Path, env: dict[str, str]) -> None:
    """The loop has left a model that serves, with its figures."""
    python = toolbox.load_installer().executable(project / ".venv", "python")
    command = [python, "-m", PACKAGE, "status", "--json"]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
    if done.returncode or not (json.loads(done.stdout)["champion"] or {}).get("metrics"):
        raise StepFailedError(f"status: no champion after the loop: {done.stdout}{done.stderr}")
