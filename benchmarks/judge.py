"""How often the loop's judge is wrong, and how many labels it needs to be right.

Takes a rendered project and uses the judge of its loop. Versions that are equally good by
construction are compared first: on simulated rows, and on the rows of the project's own prediction
log, whose two versions change sides by the toss of a coin for each day. Then one version is made
better by a margin, to see how many labels it takes until that is proven.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Differences = Any  # champion's loss minus challenger's, one a row, in the order of time
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

    def proven_after(self, gained: Differences) -> int | None:
        """Labels after which the challenger is proven better; None if it never is.

        Looked at after every row from the settings' `min_labels` on.
        """
        money = self.module.wealth(gained)
        proven = np.maximum.accumulate(money) >= 1 / self.settings.error_rate
        ahead = np.cumsum(gained) > 0
        proven[: self.settings.min_labels - 1] = False
        rows = np.flatnonzero(proven & ahead)
        return int(rows[0]) + 1 if len(rows) else None

    def logged(self) -> list[Differences]:
        """Differences of the losses of two versions that predicted the same rows, by day."""
        project = importlib.import_module(f"{self.package}.project").open_project(self.root)
        days: dict[tuple[Any, ...], list[float]] = {}
        for row in project.log.rows(None, None, labelled=True):
            if len(row.record.outputs) < 2:
                continue
            losses = [
                self.module.loss(output, row.label.label, project.contract.classes, 1.0)
                for output in row.record.outputs
            ]
            versions = tuple(sorted(output.version for output in row.record.outputs))
            key = (row.record.event_time.date(), versions)
            days.setdefault(key, []).append(losses[0] - losses[1])
        project.close()
        return [np.array(days[key]) for key in sorted(days)]


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


def swapped(random: Any, days: Sequence[Differences]) -> Differences:
    """The log's rows, the two versions changing sides or not, day by day."""
    return np.concatenate([day * random.choice((-1, 1)) for day in days])


def share(runs: int, proven: Callable[[Any], int | None]) -> list[int | None]:
    """When each of so many runs, each with a seed of its own, was proven better."""
    return [proven(np.random.default_rng(seed)) for seed in range(runs)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project whose loop was played")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    judge = Judge(options.project.resolve())
    days = judge.logged()
    equal = {
        "simulated rows": share(
            options.runs, lambda random: judge.proven_after(simulated(random, LABELS[-1], _NOISE))
        ),
        f"the log's {sum(map(len, days))} pairs of {len(days)} days": share(
            options.runs, lambda random: judge.proven_after(swapped(random, days))
        ),
    }
    found: dict[str, Any] = {
        "equal": {
            name: float(np.mean([one is not None for one in runs])) for name, runs in equal.items()
        },
        "power": {},
    }
    for name, promoted in found["equal"].items():
        print(f"equally good, {name}: {promoted:.2%} of {options.runs} runs promoted")
    print("margin  " + "".join(f"{labels:>8}" for labels in LABELS))
    for margin in MARGINS:
        noise = noise_for(margin)
        runs = share(
            options.runs,
            lambda random, noise=noise: judge.proven_after(  # type: ignore[misc]
                simulated(random, LABELS[-1], noise)
            ),
        )
        shares = [
            float(np.mean([one is not None and one <= labels for one in runs])) for labels in LABELS
        ]
        found["power"][str(margin)] = dict(zip(map(str, LABELS), shares, strict=True))
        print(f"{margin:<8}" + "".join(f"{value:>8.0%}" for value in shares))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


if __name__ == "__main__":
    main()
