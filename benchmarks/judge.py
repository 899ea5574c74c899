"""How often the loop's judge is wrong, and how many labels it needs to be right.

Takes a rendered project and uses the judge of its loop. Versions that are equally good by
construction are compared first: on simulated rows, and on the rows of the project's own prediction
log, each two versions brought to the same mean and changing sides by the toss of a coin for each
day. Then one version is made
better by a margin, to see how many labels it takes until that is proven.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

Differences = Any  # champion's loss minus challenger's, one a row, in the order of time
Days = Any  # of each row
MARGINS = (0.001, 0.002, 0.005, 0.01, 0.02)
LABELS = (500, 1000, 2000, 5000, 10000)
# As the flights: a quarter is positive, and a model explains little of what happens.
_LOGIT, _SIGNAL, _NOISE = -1.2, 0.8, 1.0


class Judge:
    """The judge of a project, and what its settings ask of it."""

    def __init__(self, project: Path) -> None:
        sys.path.insert(0, str(project / "src"))
        package = next((project / "src").glob("*/loop/judge.py")).parents[1].name
        self.root = project
        self.package = package
        self.module = importlib.import_module(f"{package}.loop.judge")
        settings = importlib.import_module(f"{package}.settings")
        self.settings = settings.load_settings(project).challenge
        self.unit = self.settings.unit

    def proven_after(self, gained: Differences, days: Days) -> int | None:
        """Labels after which the challenger is proven better; None if it never is.

        Looked at after every bet, from the settings' `min_labels` on.
        """
        rows = np.arange(1, len(gained) + 1)
        bets = gained
        if self.unit == "day":
            bets = self.module.daily(gained, days)
            ends = np.flatnonzero(np.diff(days.astype(int), append=-1)) + 1
            rows = ends[1 : 1 + len(bets)]
        money = np.maximum.accumulate(self.module.wealth(bets))
        proven = money >= 1 / self.settings.error_rate
        ahead = np.cumsum(gained)[rows - 1] > 0
        found = np.flatnonzero(proven & ahead & (rows >= self.settings.min_labels))
        return int(rows[found[0]]) if len(found) else None

    def logged(self) -> list[list[Differences]]:
        """Each two versions of the log: differences of their losses on the same rows, by day.

        Their mean is taken away, so that both are equally good.
        """
        project = importlib.import_module(f"{self.package}.project").open_project(self.root)
        pairs: dict[tuple[str, ...], dict[Any, list[float]]] = {}
        for row in project.log.rows(None, None, labelled=True):
            outputs = sorted(row.record.outputs, key=lambda output: int(output.version))
            if len(outputs) < 2:
                continue
            first, second = (
                self.module.loss(output, row.label.label, project.contract.classes, 1.0)
                for output in outputs
            )
            days = pairs.setdefault(tuple(output.version for output in outputs), {})
            days.setdefault(row.record.event_time.date(), []).append(first - second)
        project.close()
        return [_centred([np.array(days[day]) for day in sorted(days)]) for days in pairs.values()]


def _centred(days: list[Differences]) -> list[Differences]:
    mean = np.concatenate(days).mean()
    return [day - mean for day in days]


def simulated(random: Any, rows: int, noise: float) -> Differences:
    """Rows that two models see through noise of their own; `noise` is the challenger's."""
    signal = random.normal(size=rows)
    happened = random.random(rows) < _sigmoid(_LOGIT + _SIGNAL * signal)
    losses = [
        (_sigmoid(_LOGIT + _SIGNAL * signal + random.normal(scale=scale, size=rows)) - happened)
        ** 2
        for scale in (_NOISE, noise)
    ]
    return losses[0] - losses[1]


def noise_for(margin: float) -> float:
    """The challenger's noise with which its mean loss is smaller by a margin."""
    low, high = 0.0, _NOISE
    for _ in range(30):
        middle = (low + high) / 2
        gained = simulated(np.random.default_rng(1), 400_000, middle).mean()
        low, high = (middle, high) if gained > margin else (low, middle)
    return (low + high) / 2


def swapped(random: Any, days: Sequence[Differences]) -> tuple[Differences, Days]:
    """The two versions change sides or not, day by day."""
    turned = np.concatenate([day * random.choice((-1, 1)) for day in days])
    return turned, _numbered(days)


def _numbered(days: Sequence[Differences]) -> Days:
    numbers = np.repeat(np.arange(len(days)), [len(day) for day in days])
    return numbers.astype("datetime64[D]")


def promoted(runs: int, proven: Callable[[Any], int | None], by: int | None = None) -> float:
    """Share of so many runs, each with a seed of its own, proven better by so many labels."""
    found = [proven(np.random.default_rng(seed)) for seed in range(runs)]
    return float(np.mean([one is not None and one <= (by or one) for one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project whose loop was played")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--unit", choices=["row", "day"], help="by default that of the settings")
    parser.add_argument("--rows-per-day", type=int, default=165)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    judge = Judge(options.project.resolve())
    judge.unit = options.unit or judge.unit
    days = np.arange(LABELS[-1]) // options.rows_per_day
    days = days.astype("datetime64[D]")

    def simulate(noise: float) -> Callable[[Any], int | None]:
        return lambda random: judge.proven_after(simulated(random, LABELS[-1], noise), days)

    found: dict[str, Any] = {"unit": judge.unit, "runs": options.runs}
    found["equal, simulated"] = promoted(options.runs, simulate(_NOISE))
    print(f"equally good, independent rows: {found['equal, simulated']:.2%} promoted")
    found["equal, logged"] = [
        promoted(options.runs, partial(_swapped_proven, judge, pair)) for pair in judge.logged()
    ]
    told = ", ".join(f"{share:.2%}" for share in found["equal, logged"])
    print(f"equally good, the log's pairs of versions: {told} promoted")
    print("margin  " + "".join(f"{labels:>8}" for labels in LABELS))
    for margin in MARGINS:
        proven = simulate(noise_for(margin))
        shares = [promoted(options.runs, proven, labels) for labels in LABELS]
        found[f"margin {margin}"] = dict(zip(map(str, LABELS), shares, strict=True))
        print(f"{margin:<8}" + "".join(f"{value:>8.0%}" for value in shares))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


def _swapped_proven(judge: Judge, pair: Sequence[Differences], random: Any) -> int | None:
    return judge.proven_after(*swapped(random, pair))


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


if __name__ == "__main__":
    main()
