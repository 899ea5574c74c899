"""Decisions of thresholds, simulated: what a threshold costs more than the best one."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import expit

from mlops_loop._calibration import Calibration
from mlops_loop._settings import Costs
from mlops_loop._training.calibration import OutOfFold, calibrate, cheapest_threshold

from .case import Aim, Case

_AIM = Aim("at most", 0.05)
_ROWS, _MANY = 3_000, 50_000


@dataclass(frozen=True)
class TooDear:
    """Whether the threshold of 3,000 rows costs over 5 % more than the best one on many others.

    Attributes:
        costs: of a false positive and a false negative.
        intercept: mean of the log-odds.
        off: factor by which the model's log-odds are wrong.
        noise: error of the model's log-odds on each row.
        calibrated: whether its probabilities are calibrated, as they are by default.
    """

    costs: tuple[float, float]
    intercept: float = -1.3
    off: float = 1.0
    noise: float = 0.0
    calibrated: bool = True

    def __call__(self, random: np.random.Generator) -> bool:
        rows, others = self._draw(random, _ROWS), _others(self)
        calibration = (calibrate(rows) if self.calibrated else None) or Calibration(1, (0, 0))
        rows, others = (
            replace(each, probabilities=calibration.apply(each.probabilities))
            for each in (rows, others)
        )
        costs = Costs(false_positive=self.costs[0], false_negative=self.costs[1])
        own, best = _compare(others, cheapest_threshold(rows, costs), costs)
        return own > 1.05 * best

    def _draw(self, random: np.random.Generator, rows: int) -> OutOfFold:
        truth = random.normal(self.intercept, 1.3, rows)
        labels = (random.random(rows) < expit(truth)).astype(np.int64)
        seen = expit(self.off * (truth + random.normal(scale=self.noise, size=rows)))
        return OutOfFold(labels, np.stack([1 - seen, seen], axis=1), np.arange(rows) % 3)


@cache
def _others(trial: TooDear) -> OutOfFold:
    return trial._draw(np.random.default_rng(0), _MANY)


def _compare(rows: OutOfFold, threshold: float, costs: Costs) -> tuple[float, float]:
    """Costs of a threshold, and of the best one."""
    order = np.argsort(rows.probabilities[:, 1])
    positives = np.append(0, np.cumsum(rows.labels[order]))
    negatives = np.append(0, np.cumsum(1 - rows.labels[order]))
    totals = costs.false_negative * positives + costs.false_positive * (negatives[-1] - negatives)
    below = np.searchsorted(rows.probabilities[order, 1], threshold)
    return float(totals[below]), float(totals.min())


_COSTS = ((1, 1), (1, 20), (1, 300), (1, 1000), (20, 1), (1000, 1))
_MODELS = {
    "a quarter positive": TooDear((1, 1)),
    "3 % positive": TooDear((1, 1), intercept=-4.2),
    "noisy model": TooDear((1, 1), noise=0.7),
    "model twice too sure": TooDear((1, 1), off=2.0),
}

CASES: tuple[Case, ...] = (
    *(
        Case(
            "threshold costs over 5 % more than the best",
            f"costs {costs[0]}:{costs[1]}, {name}",
            replace(model, costs=costs),
            30,
            _AIM,
        )
        for name, model in _MODELS.items()
        for costs in _COSTS
    ),
    *(
        Case(
            "threshold costs over 5 % more than the best",
            f"costs {costs[0]}:{costs[1]}, twice too sure, not calibrated",
            TooDear(costs, off=2.0, calibrated=False),
            30,
        )
        for costs in ((1, 20), (1, 1000))
    ),
)
