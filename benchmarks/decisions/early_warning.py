"""Decisions of early warning, simulated: 70 labelled rows a day, a holdout of 14 days before."""

from dataclasses import dataclass

import numpy as np

from mlops_loop.contract._columns import Floats
from mlops_loop.evaluation._metrics import log_loss
from mlops_loop.monitoring._daily_change import largest_rise
from mlops_loop.monitoring._early_warning import LOOK_BACK, excess_losses
from mlops_loop.monitoring._estimated_performance import expected_metric

from .case import Aim, Case

_HOLDOUT, _ROWS, _MARGIN = 14, 70, 0.01
_ONSET = _HOLDOUT + 46


@dataclass(frozen=True)
class Days:
    """Days that differ from each other by what the model does not know.

    Attributes:
        spread: standard deviation of a day's log odds; .4 gives a within-day correlation near .05.
        correlation: autocorrelation of the days.
        weekly: by how much the log odds of a weekend are higher.
    """

    spread: float = 0.0
    correlation: float = 0.0
    weekly: float = 0.0

    def excess(self, rng: np.random.Generator, days: int, change: str = "") -> Floats:
        """Daily means of both parts of the excess log loss; a change begins at `_ONSET`."""
        shocks = rng.normal(size=days) * self.spread
        level = shocks.copy()
        for at in range(1, days):
            fresh = shocks[at] * (1 - self.correlation**2) ** 0.5
            level[at] = self.correlation * level[at - 1] + fresh
        level += self.weekly * (np.isin(np.arange(days) % 7, (5, 6)) - 2 / 7)
        day, inputs = np.repeat(np.arange(days), _ROWS), rng.normal(size=days * _ROWS)
        probability = _logistic(-1.5 + 0.8 * inputs)
        after = (day >= _ONSET) & (change != "")
        slope = np.where(after & (change == "slope"), 0.4, 0.8)
        truth = _logistic(-1.5 + slope * inputs + level[day])
        truth = np.clip(truth + 0.1 * (after & (change == "base rate")), 0, 1)
        labels = (rng.random(len(day)) < truth).astype(np.int64)
        scores = np.column_stack([1 - probability, probability])
        excess = excess_losses("log_loss", scores, labels)
        return np.asarray(excess.reshape(days, _ROWS, 2).mean(axis=1))


@dataclass(frozen=True)
class Warned:
    """Whether the daily scan warns between two days of a series."""

    days: Days
    change: str = ""
    first: int = _HOLDOUT
    last: int = _HOLDOUT + 365

    def __call__(self, rng: np.random.Generator) -> bool:
        series = self.days.excess(rng, self.last, self.change)
        return any(_warns(series, today) for today in range(self.first, self.last + 1))


@dataclass(frozen=True)
class EstimateMisses:
    """Whether the estimated log loss of 2,000 rows is off by more than .02."""

    slope: float

    def __call__(self, rng: np.random.Generator) -> bool:
        inputs = rng.normal(0.5, 0.7, 2000)  # moved, and narrower than those of the holdout
        probability = _logistic(-1.5 + 0.8 * inputs)
        labels = (rng.random(2000) < _logistic(-1.5 + self.slope * inputs)).astype(np.int64)
        scores = np.column_stack([1 - probability, probability])
        return abs(expected_metric(log_loss, scores) - log_loss.value(labels, scores)) > 0.02


def _warns(series: Floats, today: int) -> bool:
    live = max(_HOLDOUT, today - LOOK_BACK.days)
    history = np.concatenate([series[:_HOLDOUT], series[live:today]])
    rises = (largest_rise(signal, _MARGIN, _HOLDOUT) for signal in history.T)
    return any(rise is not None and rise.is_detected for rise in rises)


def _logistic(values: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-values)))


_INDEPENDENT = Days()
_ALIKE = Days(spread=0.4, correlation=0.5, weekly=0.3)
_WITHIN = (14, 45)

CASES: tuple[Case, ...] = (
    *(
        Case("early warning in a year, unchanged", name, Warned(days), 60, aim)
        for name, days, aim in (
            ("independent rows", _INDEPENDENT, Aim("at most", 0.25)),
            ("days alike, AR(.5), weekly", _ALIKE, Aim("at most", 0.5)),
        )
    ),
    *(
        Case(
            f"early warning within {delay} days",
            f"{change}, {name}",
            Warned(days, change, _ONSET + 1, _ONSET + delay),
            100,
            Aim("at least", 0.9) if delay == _WITHIN[1] and change == "base rate" else None,
        )
        for change in ("base rate", "slope")
        for name, days in (("independent rows", _INDEPENDENT), ("AR(.5), weekly", _ALIKE))
        for delay in _WITHIN
    ),
    Case(
        "estimate off by more than .02",
        "log loss, 2,000 rows, moved inputs",
        EstimateMisses(0.8),
        200,
        Aim("at most", 0.1),
    ),
)
