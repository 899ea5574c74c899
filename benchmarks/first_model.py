"""From render to first model: this template and Kedro's spaceflights starter, side by side.

Both are rendered, installed by uv and run until there is a model, in alternating rounds with the
same Python and with packages cached. Ours ends when the model is registered, published and
serving could begin; Kedro's when its trained model is on disk.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import toolbox  # noqa: E402  (it lies beside, in tools/)

STARTERS = "https://github.com/kedro-org/kedro-starters.git"
STARTER = "spaceflights-pandas"
PHASES = ("render", "install", "import", "data", "train", "register")
# Where the phases of a training belong; what they leave of its time is start, imports and end.
TRAINING = {
    "import": ("imports",),
    "data": ("data", "features"),
    "train": ("fits", "export", "gate"),
    "register": ("mlflow", "record", "register"),
}
# The command itself, told to say when its imports are done.
MARKED = (
    "import importlib, sys, time; importlib.import_module(sys.argv.pop(1));"
    "print(time.time(), file=sys.stderr); importlib.import_module(sys.argv.pop(1)).main()"
)
# Lines of Kedro's log at which a phase ends.
KEDRO_MARKS = {
    "import": "Loading data from",
    "data": "Running node: train_model_node",
    "train": "Completed node: train_model_node",
}

Seconds = dict[str, float]
Env = Mapping[str, str]
Side = Callable[[Path], Seconds]


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


def surroundings() -> dict[str, str]:
    """What both sides see: our tools' uv, pip's index, and a Python that keeps its bytecode."""
    unusual = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    env = {key: value for key, value in toolbox.surroundings().items() if key not in unusual}
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
        seconds["import"], seconds["data"] = self.ingest(project, package)
        for phase, spent in self.train(project, package).items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
        return seconds

    def ingest(self, project: Path, package: str) -> tuple[float, float]:
        """Seconds until its imports are done, and from there on."""
        modules = [f"{package}.data.ingestion", f"{package}.cli"]
        began = time.time()
        done = run([project / self.python, "-c", MARKED, *modules, "ingest"], self.env, project)
        imported = float(done.stderr.splitlines()[0])
        return imported - began, time.time() - imported

    def train(self, project: Path, package: str) -> Seconds:
        began = time.perf_counter()
        command = [project / self.python, "-m", package, "train", "--json"]
        result = json.loads(run(command, self.env, project).stdout)
        spent = time.perf_counter() - began
        told: Seconds = result["phases"]
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


def kedro_side(work: Path, env: Env, options: argparse.Namespace) -> Kedro:
    """Install Kedro by itself and bring its starters here; neither is part of the time."""
    tools = work / "kedro"
    run(["uv", "venv", "-q", "--clear", "--python", python(), tools], env, work)
    interpreter = toolbox.load_installer().executable(tools, "python")
    run(["uv", "pip", "install", "-q", "--python", interpreter, options.kedro], env, work)
    starters = Path(options.kedro_starters).resolve()
    if not starters.is_dir():
        starters = work / "kedro-starters"
        run(["git", "clone", "-q", "--depth", "1", options.kedro_starters, starters], env, work)
    kedro = toolbox.load_installer().executable(tools, "kedro")
    return Kedro(env, kedro, starters, options.kedro_run.split())


def cpu_seconds() -> float:
    """Processor time of every child that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(side: Side, work: Path) -> Seconds:
    """One round of one side in a folder of its own, removed afterwards."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        before = cpu_seconds()
        seconds = side(Path(folder))
        return {**seconds, "total": sum(seconds.values()), "cpu": cpu_seconds() - before}


def alternate(sides: Mapping[str, Side], work: Path, rounds: int) -> dict[str, list[Seconds]]:
    """Measure in turns, after one round that fills the caches and does not count."""
    found: dict[str, list[Seconds]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            load = os.getloadavg()[0]
            seconds = measure(side, work)
            label = f"round {number}" if number else "warm-up"
            figures = ", ".join(f"{phase} {spent:.1f}" for phase, spent in seconds.items())
            print(f"{label} {name}: {figures} (load {load:.1f})", file=sys.stderr, flush=True)
            if number:
                found[name].append(seconds)
    return found


def table(medians: Mapping[str, Seconds]) -> str:
    """Markdown: a line a phase; the median of totals is not the total of medians."""
    ours, theirs = medians["ours"], medians["kedro"]
    lines = ["| seconds | ours | kedro | ours / kedro |", "| --- | --- | --- | --- |"]
    for phase in (*PHASES, "total", "cpu"):
        mine, other = ours.get(phase, 0.0), theirs.get(phase)
        ratio = f"{mine / other:.2f}" if other else "–"
        lines.append(
            f"| {phase} | {mine:.1f} | {'–' if other is None else f'{other:.1f}'} | {ratio} |"
        )
    return "\n".join(lines)


def benchmark(options: argparse.Namespace) -> None:
    toolbox.set_up("demo")
    env = surroundings()
    with tempfile.TemporaryDirectory(prefix="first-model-", dir=options.work) as folder:
        work = Path(folder)
        sides: dict[str, Side] = {"ours": Ours(env), "kedro": kedro_side(work, env, options)}
        found = alternate(sides, work, options.rounds)
    medians = {
        name: {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        for name, rounds in found.items()
    }
    if options.json:
        options.json.write_text(json.dumps({"medians": medians, "rounds": found}, indent=1))
    print(table(medians))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count (3)")
    parser.add_argument(
        "--kedro-starters", default=STARTERS, metavar="URL_OR_PATH", help="(%(default)s)"
    )
    parser.add_argument("--kedro", default="kedro>=1", help="what to install (%(default)s)")
    parser.add_argument(
        "--kedro-run",
        default="run",
        metavar="ARGUMENTS",
        help="'run --to-outputs=regressor' is the shortest way to its model (%(default)s)",
    )
    parser.add_argument("--work", type=Path, help="folder to work in, on the disk of uv's cache")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    options = parser.parse_args()
    if shutil.which("git") is None or options.rounds < 1:
        parser.error("git and at least one round are needed")
    try:
        benchmark(options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
