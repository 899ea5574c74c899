"""Fault injection: the service while something around it fails.

Renders a project for each web framework and each store of predictions, installs it, trains two
versions, and interrupts its real service in the ways that --only names. Needs Linux. What it made
stays in build/faults, so that the next run begins sooner.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import toolbox  # noqa: E402  (in tools/)

from .attacks import attacks  # noqa: E402
from .bodies import bodies, timeout  # noqa: E402
from .bundles import bundles  # noqa: E402
from .commands import commands  # noqa: E402
from .disks import clock, disks, files  # noqa: E402
from .endurance import endurance  # noqa: E402
from .errors import FaultsError  # noqa: E402
from .kills import kills  # noqa: E402
from .outage import outage  # noqa: E402
from .schemas import schemas  # noqa: E402
from .stage import Finding, Stage, set_up  # noqa: E402
from .subject import prepare  # noqa: E402
from .swaps import swaps  # noqa: E402

Scenario = Callable[[Stage], Iterator[Finding]]


def scenarios(options: argparse.Namespace) -> dict[str, Scenario]:
    rounds = options.rounds
    return {
        "kills": partial(kills, rounds=rounds or 100),
        "commands": partial(commands, rounds=rounds or 100),
        "outage": partial(outage, seconds=options.seconds or 30.0),
        "swaps": partial(swaps, rounds=rounds or 200),
        "bundles": bundles,
        "bodies": bodies,
        "attacks": attacks,
        "patience": timeout,
        "disks": disks,
        "files": files,
        "clock": clock,
        "endurance": partial(endurance, seconds=options.seconds or 3600.0),
        "schemas": partial(schemas, cases=options.cases, place=options.work),
    }


def answers(question: str) -> list[str]:
    """The answers that the template offers to a question."""
    found = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))[question]
    return list(found)


def play(options: argparse.Namespace) -> list[Finding]:
    """Every chosen scenario on every chosen variant; a line of the table each."""
    found: list[Finding] = []
    for framework in options.framework:
        for store in options.store:
            subject = prepare(options.work, framework, store)
            for name, scenario in scenarios(options).items():
                if options.only and name not in options.only:
                    continue
                with set_up(subject) as stage:
                    for finding in scenario(stage):
                        finding.became = finding.became.replace(f"{stage.folder}/", "")
                        found.append(finding)
                        print(_line(framework, store, finding), flush=True)
    return found


def _line(framework: str, store: str, finding: Finding) -> str:
    verdict = "yes" if finding.good else "**NO**"
    became = finding.became.replace("|", "\\|").replace("\n", " ")
    return f"| {framework}, {store} | {finding.what} | {became} | {verdict} |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make faults", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    names = list(scenarios(argparse.Namespace(rounds=None, seconds=0, cases=0, work=ROOT)))
    frameworks = answers("web_framework")
    stores = [store for store in answers("prediction_log") if store != "none"]
    parser.add_argument("--only", nargs="+", choices=names, help="these scenarios, by default all")
    parser.add_argument("--framework", nargs="+", choices=frameworks, default=frameworks)
    parser.add_argument("--store", nargs="+", choices=stores, default=stores)
    parser.add_argument(
        "--rounds", type=int, help="of kills (100, of each command) and swaps (200)"
    )
    parser.add_argument(
        "--seconds", type=float, help="of an outage of the store (30), or of endurance (an hour)"
    )
    parser.add_argument("--cases", type=int, default=10_000, help="of schemathesis (10000)")
    parser.add_argument("--work", type=Path, default=ROOT / "build/faults", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there, too")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    options.work = options.work.resolve()
    toolbox.set_up("demo")
    print("| variant | what was done | result | as promised |\n| --- | --- | --- | --- |")
    try:
        found = play(options)
    except FaultsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    return 0 if all(finding.good for finding in found) else 3


if __name__ == "__main__":
    sys.exit(main())
