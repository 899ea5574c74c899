"""How often the loop's judge is wrong, and how many labels it needs to be right.

Takes a rendered project and uses the judge of its loop, in shadow or in a split. Versions that are
equally good by construction are compared first: on simulated rows, and on the rows of the project's
own prediction log, each two versions brought to the same mean and changing sides by the toss of a
coin for each day. Then one version is made better by a margin, to see how many labels it takes
until that is proven.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import load_project

Losses = Any  # of champion and challenger, shape (rows, 2), in the order of time
Days = Any  # of each row
MARGINS = (0.001, 0.002, 0.005, 0.01, 0.02)
LABELS = (500, 1000, 2000, 5000, 10000, 20000)
# As the flights: a quarter is positive, and a model explains little of what happens.
_LOGIT, _SIGNAL, _NOISE = -1.2, 0.8, 1.0


class Judge:
    """The judge of a project, and what its settings ask of it."""

    def __init__(self, project: Path) -> None:
        self.project = load_project(project)
        self.settings = self.project.settings.challenge
        self.unit = self.settings.unit
        self.mode = self.settings.mode
        self.share = self.settings.share

    def proven_after(self, random: Any, losses: Losses, days: Days) -> int | None:
        """Labels after which the challenger is proven better; None if it never is.

        Looked at after every bet, from the settings' `min_labels` on. In a split each row is a key
        of its own.
        """
        from mlops_loop.loop._sequential_test import e_process, scaled

        loss_reduction, ahead = (
            self._shadow(losses) if self.mode == "shadow" else self._split(random, losses)
        )
        test, rows = loss_reduction, np.arange(1, len(loss_reduction) + 1)
        if self.unit == "day":
            ends = np.flatnonzero(np.diff(days.astype(int), append=-1)) + 1
            means = np.diff(np.cumsum(loss_reduction)[ends - 1], prepend=0) / np.diff(
                ends, prepend=0
            )
            test = scaled(means)
            rows = ends[1 : 1 + len(test)]
        money = np.maximum.accumulate(e_process(test))
        proven = money >= 1 / self.settings.error_rate
        found = np.flatnonzero(proven & ahead[rows - 1] & (rows >= self.settings.min_labels))
        return int(rows[found[0]]) if len(found) else None

    def _shadow(self, losses: Losses) -> tuple[Any, Any]:
        """What is bet on, and after which rows the challenger's mean is ahead."""
        loss_reduction = losses[:, 0] - losses[:, 1]
        return loss_reduction, np.cumsum(loss_reduction) > 0

    def _split(self, random: Any, losses: Losses) -> tuple[Any, Any]:
        """The same as `ModelPair.loss_differences` makes of rows, all at once."""
        sampled_table = random.random(len(losses)) < self.share
        own = np.where(sampled_table, losses[:, 1], losses[:, 0])
        count = np.arange(1, len(own) + 1)
        usual = np.concatenate([[0.0], np.cumsum(own)[:-1]])
        surprise = own - (0.25 + usual) / count
        weights = np.where(sampled_table, -1 / self.share, 1 / (1 - self.share))
        loss_reduction = surprise * weights * min(self.share, 1 - self.share)
        means = [
            np.cumsum(np.where(of, own, 0)) / np.maximum(np.cumsum(of), 1)
            for of in (~sampled_table, sampled_table)
        ]
        return loss_reduction, means[0] > means[1]

    def logged(self) -> list[list[Losses]]:
        """Each two versions of the log: their losses on the same rows, by day.

        The challenger's are moved by as much as makes both equally good.
        """
        from mlops_loop.loop._paired_loss import loss

        project = self.project
        pairs: dict[tuple[str, ...], dict[Any, list[list[float]]]] = {}
        for row in project.log.rows(None, None, labelled=True):
            outputs = sorted(row.record.outputs, key=lambda output: int(output.version))
            if len(outputs) < 2:
                continue
            losses = [
                loss(output, row.label.label, project.contract.classes, 1.0) for output in outputs
            ]
            days = pairs.setdefault(tuple(output.version for output in outputs), {})
            days.setdefault(row.record.event_time.date(), []).append(losses)
        project.close()
        return [_centred([np.array(days[day]) for day in sorted(days)]) for days in pairs.values()]


def _centred(days: list[Losses]) -> list[Losses]:
    old, new = np.concatenate(days).mean(axis=0)
    return [day + [0, old - new] for day in days]


def simulated(random: Any, rows: int, noise: float) -> Losses:
    """Rows that two models see through noise of their own; `noise` is the challenger's."""
    signal = random.normal(size=rows)
    happened = random.random(rows) < _sigmoid(_LOGIT + _SIGNAL * signal)
    losses = [
        (_sigmoid(_LOGIT + _SIGNAL * signal + random.normal(scale=scale, size=rows)) - happened)
        ** 2
        for scale in (_NOISE, noise)
    ]
    return np.column_stack(losses)


def noise_for(margin: float) -> float:
    """The challenger's noise with which its mean loss is smaller by a margin."""
    low, high = 0.0, _NOISE
    for _ in range(30):
        middle = (low + high) / 2
        old, new = simulated(np.random.default_rng(1), 400_000, middle).mean(axis=0)
        low, high = (middle, high) if old - new > margin else (low, middle)
    return (low + high) / 2


def swapped(random: Any, days: Sequence[Losses]) -> tuple[Losses, Days]:
    """The two versions change sides or not, day by day."""
    turned = np.concatenate([day[:, :: random.choice((-1, 1))] for day in days])
    numbers = np.repeat(np.arange(len(days)), [len(day) for day in days])
    return turned, numbers.astype("datetime64[D]")


def promoted(runs: int, proven: Callable[[Any], int | None], by: int | None = None) -> float:
    """Share of so many runs, each with a seed of its own, proven better by so many labels."""
    found = [proven(np.random.default_rng(seed)) for seed in range(runs)]
    return float(np.mean([one is not None and one <= (by or one) for one in found]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project whose loop was played")
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--unit", choices=["row", "day"], help="by default that of the settings")
    parser.add_argument("--mode", choices=["shadow", "split"], help="the same")
    parser.add_argument("--share", type=float, help="of a split: the same")
    parser.add_argument("--rows-per-day", type=int, default=165)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    judge = Judge(options.project.resolve())
    judge.unit = options.unit or judge.unit
    judge.mode = options.mode or judge.mode
    judge.share = options.share or judge.share
    days = np.arange(LABELS[-1]) // options.rows_per_day
    days = days.astype("datetime64[D]")

    def simulate(noise: float) -> Callable[[Any], int | None]:
        return lambda random: judge.proven_after(random, simulated(random, LABELS[-1], noise), days)

    found: dict[str, Any] = {"unit": judge.unit, "mode": judge.mode, "runs": options.runs}
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


def _swapped_proven(judge: Judge, pair: Sequence[Losses], random: Any) -> int | None:
    return judge.proven_after(random, *swapped(random, pair))


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


if __name__ == "__main__":
    main()
