"""Batch scoring of a rendered project beside MLflow's `pyfunc` and the ONNX session alone.

Takes a project that is installed and has a champion; needs Linux or macOS. Parquet to Parquet, the
whole process from its start to its end: `score` and a script around `mlflow.pyfunc` by turns. Then
`score` on the large input beside the session on an array that is in memory already.

"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from common import BenchmarkError, package
from common import parser as common_parser
from common import positive, report

SIDES = Path(__file__).with_name("batch_sides.py")

Figures = dict[str, float]


def delta(command: list[str], folder: Path, env: dict[str, str]) -> Figures:
    """Seconds of clock and processor of a command, and the most memory it held."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            words = said.read().decode(errors="replace")[-2000:]
            raise BenchmarkError(f"'{' '.join(command)}' ended with {process.returncode}:\n{words}")
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1024 if sys.platform == "darwin" else 1
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / unit / 1024,
    }


class Sides:
    """The commands that are compared.

    Args:
        project: its package has the name of its only folder in `src`.
        folder: for models, inputs and outputs.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        name = package(project)
        self._project, self._folder, self._package = project, folder, name
        self._python = str(project / ".venv/bin/python")
        # One core for each side: what is compared is the work, not how it is spread.
        one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        own = {f"{name.upper()}__BUNDLE_STORE": str(folder / "bundles")}
        self._env = {**os.environ, **one, **own, "PYTHONPATH": str(project / "src")}
        # Byte code is kept, as it is unless the environment says otherwise.
        self._env.pop("PYTHONDONTWRITEBYTECODE", None)

    def prepare(self, rows: list[int]) -> None:
        env = {name: text for name, text in self._env.items() if "BUNDLE_STORE" not in name}
        command = self._side("prepare", str(self._folder), *map(str, rows))
        delta(command, self._project, env)

    def score(self, rows: int) -> Figures:
        output = self._folder / "scored.parquet"
        command = [self._python, "-m", self._package, "score", str(self._input(rows)), str(output)]
        found = self._run(command)
        output.unlink()
        return found

    def mlflow(self, rows: int) -> Figures:
        output = self._folder / "mlflow.parquet"
        arguments = (str(self._folder), str(self._input(rows)), str(output))
        found = self._run(self._side("mlflow", *arguments))
        output.unlink()
        return found

    def raw(self, rows: int) -> Figures:
        done = subprocess.run(
            self._side("raw", str(self._folder), str(rows)),
            cwd=self._project,
            env=self._env,
            check=True,
            stdout=subprocess.PIPE,
        )
        found: Figures = json.loads(done.stdout)
        return found

    def _run(self, command: list[str]) -> Figures:
        return delta(command, self._project, self._env)

    def _side(self, *arguments: str) -> list[str]:
        return [self._python, str(SIDES), *arguments]

    def _input(self, rows: int) -> Path:
        return self._folder / f"{rows}.parquet"


def benchmark(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    sides = Sides(options.project, folder)
    sides.prepare([options.rows, options.large])
    before = os.getloadavg()[0]
    result: dict[str, Any] = {"score": [], "mlflow": [], "large": [], "raw": []}
    for number in range(options.rounds + 1):
        ours, theirs = sides.score(options.rows), sides.mlflow(options.rows)
        # The first round compiles byte code and fills the caches.
        if number:
            result["score"].append(ours)
            result["mlflow"].append(theirs)
    for _ in range(options.large_rounds):
        result["raw"].append(sides.raw(options.large))
        result["large"].append(sides.score(options.large))
    averages = {"before": before, "after": os.getloadavg()[0]}
    return {**result, "rows": options.rows, "large_rows": options.large, "load_average": averages}


def table(result: dict[str, Any]) -> str:
    """Medians and their ratios, as Markdown."""
    few, many = result["rows"], result["large_rows"]
    middle = {
        (side, name): median(found[name] for found in result[side])
        for side in ("score", "mlflow", "large", "raw")
        for name in result[side][0]
    }
    lines = [
        ("", "`score`", "other", "ratio"),
        ("---", "---", "---", "---"),
    ]
    for title, rows, ours, other in (
        (f"{few:,} rows, beside MLflow's pyfunc", few, "score", "mlflow"),
        (f"{many:,} rows, beside the session alone", many, "large", "raw"),
    ):
        for name, measure in (("cpu_seconds", "processor second"), ("seconds", "second")):
            rates = (rows / middle[ours, name], rows / middle[other, name])
            lines.append((f"{title}: rows a {measure}", *_compared(*rates)))
    memory = middle["large", "mb"], middle["score", "mb"]
    lines.append((f"MB at most, {many:,} rows beside {few:,}", *_compared(*memory)))
    pair = middle["score", "mb"], middle["mlflow", "mb"]
    lines.append((f"MB at most, {few:,} rows, beside MLflow's pyfunc", *_compared(*pair)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _compared(ours: float, other: float) -> tuple[str, str, str]:
    return f"{ours:,.0f}", f"{other:,.0f}", f"{ours / other:.2f}"


def _arguments() -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--rows", type=positive, default=1_000_000, help="beside MLflow")
    parser.add_argument("--large", type=positive, default=10_000_000, help="beside the session")
    parser.add_argument("--rounds", type=positive, default=3, help="beside MLflow (default 3)")
    parser.add_argument("--large-rounds", type=positive, default=1, help="of the large input")
    return parser.parse_args()


def main() -> int:
    return report(_arguments(), benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
