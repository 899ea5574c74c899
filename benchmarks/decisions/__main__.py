"""Simulate the decisions of gate, monitoring and loop on the library's own functions.

Prints one table: how often each decision was taken, with its 95 % interval, beside what is aimed
at. Exit code 3: an aim was missed beyond chance, and that was not known before.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from .case import Outcome
from .parts import CASES

HEAD = "| decision | data | aim | measured | trials |\n| --- | --- | --- | --- | --- |"


def simulate(names: Sequence[str], seed: int, workers: int) -> list[Outcome]:
    """Run the cases of the parts that are named, beside each other."""
    cases = [case for name in names for case in CASES[name]]
    # One seed a case, whichever parts are run.
    order = {id(case): at for at, case in enumerate(sum(map(list, CASES.values()), []))}
    seeds = [np.random.SeedSequence([seed, order[id(case)]]) for case in cases]
    with ProcessPoolExecutor(workers) as pool:
        pending = [pool.submit(case.run, own) for case, own in zip(cases, seeds, strict=True)]
        return [each.result() for each in pending]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="PART")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write every figure there")
    options = parser.parse_args()
    outcomes = simulate(options.only, options.seed, options.workers)
    print(HEAD, *(outcome.row() for outcome in outcomes), sep="\n")
    if options.json:
        options.json.write_text(json.dumps([_figures(each) for each in outcomes], indent=1))
    return 3 if any(each.is_missed and not each.case.known for each in outcomes) else 0


def _figures(outcome: Outcome) -> dict[str, object]:
    case = outcome.case
    return {
        "decision": case.decision,
        "data": case.setting,
        "aim": str(case.aim or "stated"),
        "hits": outcome.hits,
        "trials": case.trials,
        "interval": outcome.interval,
    }


if __name__ == "__main__":
    sys.exit(main())
