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
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from sides import BenchmarkError, Env, Kedro, Ours, Seconds, environment, python, run  # noqa: E402

import toolbox  # noqa: E402  (in tools/, beside this folder)

STARTERS = "https://github.com/kedro-org/kedro-starters.git"
PHASES = ("render", "install", "import", "data", "train", "register")
Side = Callable[[Path], Seconds]


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
            metrics = ", ".join(f"{phase} {spent:.1f}" for phase, spent in seconds.items())
            print(f"{label} {name}: {metrics} (load {load:.1f})", file=sys.stderr, flush=True)
            if number:
                found[name].append(seconds)
    return found


def table(medians: Mapping[str, Seconds]) -> str:
    """Markdown: a line a phase; the median of totals is not the total of medians."""
    ours, theirs = medians["ours"], medians["kedro"]
    lines = ["| seconds | ours | kedro | ours / kedro |", "| --- | --- | --- | --- |"]
    for phase in (*PHASES, "total", "cpu"):
        mine, other = ours.get(phase, 0.0), theirs.get(phase)
        ratio = f"{mine / other:.2f}" if other and other >= 0.1 else "–"
        lines.append(
            f"| {phase} | {mine:.1f} | {'–' if other is None else f'{other:.1f}'} | {ratio} |"
        )
    return "\n".join(lines)


def benchmark(options: argparse.Namespace) -> None:
    toolbox.set_up("demo")
    env = environment()
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
