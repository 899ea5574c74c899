"""The two sides of `first_model.py`: how each gets from nothing to a model, and its phases.

A side is called with an empty folder and answers with seconds by phase.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import toolbox

STARTER = "spaceflights-pandas"
# Where the phases of a training belong; what they leave of its time is start, imports and end.
TRAINING = {
    "import": (),
    "data": ("data", "features"),
    "train": ("fits", "export", "gate"),
    "register": ("mlflow", "record", "register"),
}
# The command itself, told to say when its imports are done.
MARKED = """
import sys, time
import mlops_loop.data._ingestion, my_ml_project.pipeline
from my_ml_project.cli import cli
print(time.time(), file=sys.stderr)
cli()
"""
# Lines of Kedro's log at which a phase ends.
KEDRO_MARKS = {
    "import": "Loading data from",
    "data": "Running node: train_model_node",
    "train": "Completed node: train_model_node",
}

Seconds = dict[str, float]
Env = Mapping[str, str]


class BenchmarkError(Exception):
    """A step failed; the text says which, and what it said."""


def run(command: list[str | Path], env: Env, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8")
    if done.returncode:
        words = " ".join(map(str, command))
        raise BenchmarkError(f"'{words}' failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def timed(command: list[str | Path], env: Env, cwd: Path) -> float:
    began = time.perf_counter()
    run(command, env, cwd)
    return time.perf_counter() - began


def python() -> Path:
    """The interpreter of both sides: the one that runs this, outside any environment."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def environment() -> dict[str, str]:
    """What both sides see: our tools' uv, pip's index, and a Python that buffers its output."""
    env = {key: value for key, value in toolbox.environment().items() if key != "PYTHONUNBUFFERED"}
    return {**env, "DO_NOT_TRACK": "1"}


class Ours:
    """Render, install from the lock, `ingest`, `train`."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.python = toolbox.load_installer().executable(Path(".venv"), "python")

    def __call__(self, folder: Path) -> Seconds:
        seconds = {"render": timed(toolbox.cookiecutter(folder), self.env, folder)}
        (project,) = folder.iterdir()
        package = project.name.replace("-", "_")
        seconds["install"] = timed([python(), "tools/install.py"], self.env, project)
        seconds["import"], seconds["data"] = self.ingest(project)
        for phase, spent in self.train(project, package).items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
        return seconds

    def ingest(self, project: Path) -> tuple[float, float]:
        """Seconds until its imports are done, and from there on."""
        began = time.time()
        done = run([project / self.python, "-c", MARKED, "ingest"], self.env, project)
        imported = float(done.stderr.splitlines()[0])
        return imported - began, time.time() - imported

    def train(self, project: Path, package: str) -> Seconds:
        began = time.perf_counter()
        command = [project / self.python, "-m", package, "train", "--json"]
        result = json.loads(run(command, self.env, project).stdout)
        spent = time.perf_counter() - began
        told: Seconds = result["stage_seconds"]
        seconds = {
            phase: sum(told.get(part, 0.0) for part in parts) for phase, parts in TRAINING.items()
        }
        seconds["import"] += spent - sum(told.values())
        return seconds


class Kedro:
    """`kedro new`, install its requirements, `kedro run` until the model is saved."""

    def __init__(self, env: Env, kedro: Path, starters: Path, arguments: list[str]) -> None:
        self.env = env
        self.kedro = kedro
        self.starters = starters
        self.arguments = arguments

    def __call__(self, folder: Path) -> Seconds:
        new: list[str | Path] = [self.kedro, "new", "--starter", self.starters]
        new += ["--directory", STARTER, "--name", "spaceflights", "--telemetry", "no"]
        seconds = {"render": timed(new, self.env, folder)}
        (project,) = folder.iterdir()
        seconds["install"] = timed(["uv", "venv", "-q", "--python", python()], self.env, project)
        install: list[str | Path] = ["uv", "pip", "install", "-q", "-r", "requirements.txt"]
        seconds["install"] += timed(install, self.env, project)
        return {**seconds, **self.until_trained(project)}

    def until_trained(self, project: Path) -> Seconds:
        """Seconds between the marks in the log; what comes after the last one is left out."""
        kedro = toolbox.load_installer().executable(project / ".venv", "kedro")
        # So wide that no line of the log is broken.
        env = {**self.env, "COLUMNS": "500", "PYTHONUNBUFFERED": "1"}
        began = time.perf_counter()
        seconds: Seconds = {}
        marks = list(KEDRO_MARKS.items())
        with subprocess.Popen(
            [kedro, *self.arguments],
            cwd=project,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if marks and marks[0][1] in line:
                    now = time.perf_counter()
                    seconds[marks.pop(0)[0]] = now - began
                    began = now
        if process.returncode or marks:
            raise BenchmarkError(f"'kedro {' '.join(self.arguments)}' trained nothing.")
        return seconds
