"""Rendering: the largest variant beside a template of one empty file, and beside other templates.

Whole commands are timed, in turns: what a user waits for after the last question. Ours runs with
git and without, since the first commit is not part of the comparison.
"""

import argparse
import json
import os
import shlex
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from first_model import cpu_seconds  # noqa: E402
from sides import BenchmarkError, Env, environment, run  # noqa: E402

import toolbox  # noqa: E402  (in tools/, beside this folder)

# What the hooks of git are told to commit as; the tools of others may want it, too.
IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Benchmark"), ("EMAIL", "benchmark@example.com"))
}
BASE = "one empty file"


class Cost(NamedTuple):
    """Seconds on the clock, and of processors."""

    wall: float
    cpu: float


Commands = dict[str, list[str | Path]]


def largest() -> dict[str, str]:
    """The answers that keep the most files, and of as many files the most bytes.

    A path has one owner, so each question can be answered by itself.
    """
    table = (toolbox.TEMPLATE / "OWNERS.toml").read_text(encoding="utf-8")

    def weight(paths: list[str]) -> tuple[int, int]:
        places = [toolbox.TEMPLATE / path for path in paths]
        inside = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
        return len(inside), sum(file.stat().st_size for file in inside)

    return {
        question: max(rows, key=lambda answer: weight(rows[answer]))
        for question, rows in tomllib.loads(table).items()
    }


def empty_template(folder: Path) -> Path:
    """A template that asks for one name and renders one empty file."""
    tree = folder / "{{cookiecutter.slug}}"
    tree.mkdir(parents=True)
    (tree / "empty").touch()
    (folder / "cookiecutter.json").write_text('{"slug": "nothing"}', encoding="utf-8")
    return folder


def commands(work: Path, output: Path, beside: list[str]) -> Commands:
    """What each side runs; OUTPUT in another's command is the folder to render into."""
    *render, template = toolbox.cookiecutter(output)
    answers = [f"{question}={answer}" for question, answer in largest().items()]
    found: Commands = {
        BASE: [*render, empty_template(work / "empty")],
        "ours": [*render, template, *answers],
        "ours without git": [*render, template, *answers],
    }
    for each in beside:
        name, _, command = each.partition("=")
        found[name] = [word.replace("OUTPUT", str(output)) for word in shlex.split(command)]
    return found


def round_of(sides: Commands, work: Path, output: Path, env: Env) -> dict[str, Cost]:
    """What each side takes, each into an empty folder."""
    without_git = {**env, "PATH": str(work)}
    found = {}
    for name, command in sides.items():
        with tempfile.TemporaryDirectory(dir=work) as place:
            output.unlink(missing_ok=True)
            output.symlink_to(place)
            began, used = time.perf_counter(), cpu_seconds()
            run(command, without_git if "without" in name else env, Path(place))
            found[name] = Cost(time.perf_counter() - began, cpu_seconds() - used)
            if not any(Path(place).iterdir()):
                raise BenchmarkError(f"{name} rendered nothing.")
    return found


def fitting(work: Path, env: Env) -> float:
    """Seconds of processor that selecting from the lock of all options takes."""
    from post_gen_project import fit_lock

    place = work / "fitting"
    run(toolbox.cookiecutter(place), env, work)
    (project,) = place.iterdir()
    whole = (toolbox.TEMPLATE / "poetry.lock").read_bytes()
    answers, seconds = largest(), []
    for _ in range(9):
        (project / "poetry.lock").write_bytes(whole)
        began = time.process_time()
        fit_lock(project, answers)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def table(rounds: list[dict[str, Cost]]) -> str:
    """Markdown: medians, and the medians of the ratios within each round."""
    lines = [
        f"| | ÷ {BASE} | processor time ÷ {BASE} | seconds | of processor |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in rounds[0]:
        pairs = [(each[name], each[BASE]) for each in rounds]
        metrics = (
            statistics.median(one.wall / base.wall for one, base in pairs),
            statistics.median(one.cpu / base.cpu for one, base in pairs),
            statistics.median(one.wall for one, _ in pairs),
            statistics.median(one.cpu for one, _ in pairs),
        )
        lines.append(f"| {name} | {' | '.join(f'{figure:.2f}' for figure in metrics)} |")
    return "\n".join(lines)


def benchmark(options: argparse.Namespace) -> None:
    toolbox.set_up("demo")
    env: Mapping[str, str] = {**environment(), **IDENTITY}
    with tempfile.TemporaryDirectory(prefix="rendering-") as folder:
        work, output = Path(folder), Path(folder) / "output"
        sides = commands(work, output, options.beside)
        print(f"largest variant: {largest()}", file=sys.stderr)
        rounds = []
        for number in range(options.rounds + 1):
            costs = round_of(sides, work, output, env)
            metrics = ", ".join(f"{name} {cost.wall:.2f}" for name, cost in costs.items())
            label = f"round {number}" if number else "warm-up"
            print(f"{label}: {metrics} (load {os.getloadavg()[0]:.1f})", file=sys.stderr)
            rounds += [costs] if number else []
        lock = fitting(work, env)
    if options.json:
        options.json.write_text(json.dumps({"rounds": rounds, "fitting": lock}, indent=1))
    print(table(rounds))
    print(f"\nSelecting from the lock of all options: {lock * 1000:.0f} ms of processor")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds that count (15)")
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="another template: the command that renders it, with OUTPUT for the folder it is "
        "rendered into; benchmarks/README.md has some",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round there")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("at least one round is needed")
    try:
        benchmark(options)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
