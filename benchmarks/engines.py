"""Batch scoring on engines beside one process: Dask with 1, 2 and 4 workers, Spark, Ray Data.

Takes a project that is installed with the extras `dask` and `spark` (which needs Java) and has a
champion. All engines score the same Parquet file on this machine by turns, each in a process of its
own; starting it is measured apart. With --ray, an interpreter that has the project's packages and
Ray besides runs Ray Data as well.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from common import BenchmarkError, package
from common import parser as common_parser
from common import positive, report

SIDES = Path(__file__).with_name("engine_sides.py")
LOCAL = "local"
ENGINES = (
    LOCAL,
    "dask://local?workers=1",
    "dask://local?workers=2",
    "dask://local?workers=4",
    "spark://local?workers=2",
)
RAY = "ray://local?workers=2"


def run(python: str, project: Path, side: str, folder: Path, *arguments: str) -> str:
    """What a side prints."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    path = [str(project / "src"), os.environ.get("PYTHONPATH", ""), str(SIDES.parent)]
    env = {**os.environ, **one, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    if side != "prepare":
        env[f"{package(project).upper()}__BUNDLE_STORE"] = str(folder / "bundles")
    done = subprocess.run(
        [python, str(SIDES), side, str(folder), *arguments],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchmarkError(f"{side} ended with an error:\n{done.stderr[-2000:]}")
    return done.stdout


def benchmark(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    python = options.python or str(options.project / ".venv/bin/python")
    run(python, options.project, "prepare", folder, str(options.rows))
    engines = {address: python for address in ENGINES}
    if options.ray:
        engines[RAY] = options.ray
    before = os.getloadavg()[0]
    found: dict[str, list[dict[str, float]]] = {address: [] for address in engines}
    for _ in range(options.rounds):
        for address, interpreter in engines.items():
            said = run(interpreter, options.project, address, folder)
            found[address].append(json.loads(said.splitlines()[-1]))
            print(address, found[address][-1], file=sys.stderr)
            for scored in folder.glob("scored-*"):
                shutil.rmtree(scored) if scored.is_dir() else scored.unlink()
    averages = {"before": before, "after": os.getloadavg()[0]}
    return {"rows": options.rows, "engines": found, "load_average": averages}


def table(result: dict[str, Any]) -> str:
    """Medians, and ratios to one process, as Markdown."""
    lines = [
        ("engine", "start, s", "job, s", "rows/s", "ratio", "rows a processor second", "ratio"),
        ("---",) * 7,
    ]
    rates: dict[str, tuple[float, float]] = {}
    for address, rounds in result["engines"].items():
        middle = {name: median(one[name] for one in rounds) for name in rounds[0]}
        rates[address] = result["rows"] / middle["work"], result["rows"] / middle["cpu"]
        wall, processor = (
            (f"{rate:,.0f}", f"{rate / base:.2f}")
            for rate, base in zip(rates[address], rates[LOCAL], strict=True)
        )
        if address.startswith("spark"):  # its workers end with each job, and their times are lost
            processor = ("–", "–")
        times = (f"{middle['start']:.1f}", f"{middle['job']:.1f}")
        lines.append((f"`{address}`", *times, *wall, *processor))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _arguments() -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--rows", type=positive, default=4_000_000)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--python", help="interpreter (default that of the project)")
    parser.add_argument("--ray", help="interpreter with Ray; without it Ray is left out")
    return parser.parse_args()


def main() -> int:
    return report(_arguments(), benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
