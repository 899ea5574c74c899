"""`train` of a rendered project beside a bare script that does the same fits and nothing else.

Takes a project that is installed, and works in a copy of it. `train` begins each time with no
tracking database and ends when the model is compared, exported, checked, judged, registered,
published and described. The bare script (`bare_training.py`) is handed the encoded rows, the folds
and the unfitted estimators, and imports no more than their library.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common import BenchmarkError, package

SOURCE = "sample://flights"
BARE = Path(__file__).with_name("bare_training.py")
# What a first training makes; the snapshot stays.
MADE = ("mlflow.db", "mlflow-artifacts", "bundles", "reports", "audit_log.jsonl", "predictions.db")

# What the project fits on, and what it fits, written down for the bare script.
_HANDED = """
import pickle, sys
from pathlib import Path
import numpy as np

from mlops_loop.pipeline import SnapshotRef, encode, split
from mlops_loop._training.cross_validation import for_problem
from my_ml_project.models import CANDIDATES
from my_ml_project.project import project

folder = Path(sys.argv[1])
rows = SnapshotRef.latest(project).load(project)
train = encode(split(rows), project.features).train
candidates = for_problem(CANDIDATES, train)
np.save(folder / "matrix.npy", train.matrix)
np.save(folder / "truth.npy", train.labels)
handed = {
    "classes": train.classes,
    "pairs": [(fold.fit_idx, fold.validation_idx) for fold in train.folds],
    "threads": train.task.threads,
    "estimators": {one.name: pickle.dumps(one.estimator(train.task)) for one in candidates},
    "baseline": next(one.name for one in candidates if one.is_baseline),
}
(folder / "task.pickle").write_bytes(pickle.dumps(handed))
print(len(train.labels))
"""


@dataclass(frozen=True)
class Run:
    """One process from start to end.

    Attributes:
        seconds: by the clock.
        cpu: processor time of the process and of those it started.
        phases: seconds by phase, as the process itself tells.
    """

    seconds: float
    cpu: float
    phases: Mapping[str, float]
    best: str


def run(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8")
    if done.returncode:
        words = " ".join(map(str, command[:6]))
        raise BenchmarkError(f"'{words}' failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def timed(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> Run:
    before, began = _cpu_seconds(), time.perf_counter()
    told: dict[str, Any] = json.loads(run(command, cwd, env))
    spent = time.perf_counter() - began
    best = told.get("best") or told["leaderboard"]["rows"][0]["candidate"]
    return Run(spent, _cpu_seconds() - before, told["stage_seconds"], best)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Sides:
    """A copy of a project, and what both sides are to do in it."""

    def __init__(self, project: Path, folder: Path, source: str) -> None:
        self.python = project / ".venv/bin/python"
        self.project, self.handed = folder / "project", folder / "handed"
        self.handed.mkdir()
        kept_out = shutil.ignore_patterns(".venv", "var", ".git", ".mypy_cache", "__pycache__")
        shutil.copytree(project, self.project, ignore=kept_out)
        # Byte code is warm on both sides, as it is wherever Python may write it.
        env = {**os.environ, "PYTHONPATH": str(self.project / "src")}
        self.env = {**env, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)
        self.command: list[str | Path] = [self.python, "-m", package(self.project)]
        run([*self.command, "ingest", "--source", source], self.project, self.env)
        hand: list[str | Path] = [self.python, "-c", _HANDED, self.handed]
        self.rows = int(run(hand, self.project, self.env))

    def ours(self) -> Run:
        for name in MADE:
            path = self.project / "var" / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return timed([*self.command, "train", "--json"], self.project, self.env)

    def bare(self) -> Run:
        return timed([self.python, BARE, self.handed], self.project, self.env)


def measure(sides: Sides, rounds: int) -> dict[str, list[Run]]:
    """Both sides by turns, after one round that fills the caches and does not count."""
    found: dict[str, list[Run]] = {"ours": [], "bare": []}
    for number in range(rounds + 1):
        for name, side in (("ours", sides.ours), ("bare", sides.bare)):
            load = os.getloadavg()[0]
            one = side()
            label = f"round {number}" if number else "warm-up"
            told = f"{one.seconds:.1f} s, {one.cpu:.1f} s of processor, load {load:.1f}"
            print(f"{label} {name}: {told}", file=sys.stderr, flush=True)
            if number:
                found[name].append(one)
    if len({one.best for runs in found.values() for one in runs}) > 1:
        raise BenchmarkError("the two sides disagree about the best candidate: no same fits")
    return found


def table(found: Mapping[str, Sequence[Run]]) -> str:
    """Medians as Markdown: the whole first, then the phases of each side."""
    ours, bare = found["ours"], found["bare"]
    lines = ["| seconds | ours | bare | ours ÷ bare |", "| --- | --- | --- | --- |"]
    for title, mine, other in (
        ("**clock**", [one.seconds for one in ours], [one.seconds for one in bare]),
        ("processor", [one.cpu for one in ours], [one.cpu for one in bare]),
    ):
        by_turns = median(a / b for a, b in zip(mine, other, strict=True))
        lines.append(f"| {title} | {median(mine):.1f} | {median(other):.1f} | {by_turns:.2f} |")
    for name, runs in found.items():
        for phase in runs[0].phases:
            spent = f"{median(one.phases[phase] for one in runs):.2f}"
            cells = (spent, "") if name == "ours" else ("", spent)
            lines.append(f"| {name}: {phase} | {cells[0]} | {cells[1]} | |")
        rest = median(one.seconds - sum(one.phases.values()) for one in runs)
        cells = (f"{rest:.2f}", "") if name == "ours" else ("", f"{rest:.2f}")
        lines.append(f"| {name}: start and end | {cells[0]} | {cells[1]} | |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("project", type=Path, help="a rendered, installed project")
    parser.add_argument("--source", default=SOURCE, help="what is trained on (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (%(default)s)")
    parser.add_argument("--json", type=Path, help="write every single measurement to this file")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    try:
        with tempfile.TemporaryDirectory(prefix="training-") as folder:
            sides = Sides(options.project.resolve(), Path(folder), options.source)
            found = measure(sides, options.rounds)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(table(found))
    print(
        f"\n{sides.rows} training rows, {options.rounds} rounds by turns, medians; load average "
        f"{before:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    if options.json:
        every = {name: [vars(one) for one in runs] for name, runs in found.items()}
        options.json.write_text(json.dumps({"rows": sides.rows, **every}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
