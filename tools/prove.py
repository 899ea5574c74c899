"""Run the variants that take each pair of answers once, and say what each run has proven.

Each variant is rendered, installed from its own lock, checked (style, types, its own tests, which
hold the HTTP suite), and its loop is played on a slice. The report and the output of every step go
to build/. Exit code 3: a variant failed, or of several reports together a pair is missing.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import covering
import toolbox
from behaviour import Run, prove, runnable, static

BUILD = toolbox.ROOT / "build"


def shard(value: str) -> tuple[int, int]:
    """1/3 is the first of three parts."""
    found = re.fullmatch(r"(\d+)/(\d+)", value)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{value} is no part: 1/3 is the first of three")
    return int(found[1]), int(found[2])


def variants(choices: covering.Choices, wanted: list[str]) -> list[Run]:
    """The covering set, named and numbered; `wanted` picks those with all of these answers."""
    runs = []
    default = {question: answers[0] for question, answers in choices.items()}
    for number, answers in enumerate(covering.each_pair(choices), start=1):
        others = [each for each in answers if answers[each] != default[each]]
        named = ", ".join(f"{each}={answers[each]}" for each in others) or "all defaults"
        if all(answers.get(question) == answer for question, _, answer in split(wanted)):
            runs.append(Run(f"{number:02} {named}", answers))
    return runs


def split(wanted: list[str]) -> list[tuple[str, str, str]]:
    return [each.partition("=") for each in wanted]


def run_all(runs: list[Run]) -> None:
    for run in runs:
        print(f"{run.name}", flush=True)
        place = Path(tempfile.mkdtemp(prefix="variant-"))
        try:
            prove(run, place, BUILD / "logs" / run.name.split()[0])
        finally:
            shutil.rmtree(place, ignore_errors=True)
        took = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in run.seconds.items())
        print(f"   Python {run.python}: {took}", flush=True)
        if run.failed:
            print(f"   FAILED: {run.failed}", flush=True)


def say(choices: covering.Choices, runs: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Print what is proven, and write it to build/ as JSON."""
    found = covering.report(choices, runs)
    lacking = static()
    print("\n".join(covering.lines(found, lacking)))
    BUILD.mkdir(exist_ok=True)
    whole = {"runs": runs, "static": lacking, **found}
    (BUILD / name).write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    print(f"Which run proved which pair: build/{name}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shard", type=shard, default=(1, 1), help="part i of n, as 1/3")
    parser.add_argument("--only", nargs="+", default=[], metavar="QUESTION=ANSWER")
    parser.add_argument("--list", action="store_true", help="name the variants, run none")
    parser.add_argument("--join", nargs="+", type=Path, metavar="FILE", help="reports of all parts")
    arguments = parser.parse_args()
    choices = runnable()
    if arguments.join:
        reports = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.join]
        runs = [run for report in reports for run in report["runs"]]
        found = say(choices, runs, "behaviour.json")
        return 0 if all(found["pairs"].values()) and all(run["passed"] for run in runs) else 3
    part, parts = arguments.shard
    mine = variants(choices, arguments.only)[part - 1 :: parts]
    if not mine:
        parser.error("no variant of the covering set has these answers; --list names them all")
    if arguments.list:
        print("\n".join(run.name for run in mine))
        return 0
    run_all(mine)
    name = "behaviour.json" if parts == 1 else f"behaviour-{part}-of-{parts}.json"
    say(choices, [run.as_json() for run in mine], name)
    return 0 if all(run.passed for run in mine) else 3


if __name__ == "__main__":
    sys.exit(main())
