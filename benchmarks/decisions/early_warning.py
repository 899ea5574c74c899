"""Decisions of early warning, simulated: 70 labelled rows a day, a holdout of 14 days before.

`python -m benchmarks.decisions.early_warning` prints how many days after an onset somebody is told,
by the early warning and by the check of a monthly window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from mlops_loop._settings import Monitoring
from mlops_loop.contract._columns import Floats
from mlops_loop.evaluation._metrics import log_loss, metrics_of
from mlops_loop.monitoring._daily_change import largest_rise
from mlops_loop.monitoring._daily_losses import LOOK_BACK
from mlops_loop.monitoring._estimated_performance import expected_metric
from mlops_loop.monitoring._excess_loss import excess_losses
from mlops_loop.monitoring._performance_measure import measure
from mlops_loop.monitoring._samples import Sample

from .case import Aim, Case
from .performance_data import World

_HOLDOUT, _ROWS, _WINDOW = 14, 70, 30
_MARGIN = Monitoring().performance_margin
# Two windows pass before the change, which is on any day of the third; three more may follow.
_CALM, _NEVER = 2 * _WINDOW, 4 * _WINDOW


@dataclass(frozen=True)
class Warned:
    """Whether the daily scan warns between two days after the holdout of an unchanged series."""

    world: World
    days: int = 365

    def __call__(self, random: np.random.Generator) -> bool:
        rows = self.world.rows(random, _ROWS * (_HOLDOUT + self.days), _HOLDOUT + self.days)
        return any(_warnings(rows, 0))


@dataclass(frozen=True)
class Told:
    """Whether somebody is told within so many days after an onset.

    Attributes:
        changed: the rows since then; before, they follow the model.
        by: what tells: the daily scan, or performance at the end of each window of 30 days.
        within: days after the onset.
    """

    changed: World
    by: Literal["early warning", "window"] = "early warning"
    within: int = 30

    def __call__(self, random: np.random.Generator) -> bool:
        return self.delay(random) <= self.within

    def delay(self, random: np.random.Generator) -> int:
        """Days after the onset; `_NEVER` if nobody is told in the three windows after it."""
        before = _CALM + int(random.integers(_WINDOW))
        after = _CALM + _NEVER - before
        usual = replace(self.changed, more=0.0, slope=1.0, noise=1.0, dead=False)
        rows = _joined(
            usual.rows(random, _ROWS * (_HOLDOUT + before), _HOLDOUT + before),
            self.changed.rows(random, _ROWS * after, after),
        )
        warnings: Iterable[tuple[int, bool]]
        if self.by == "early warning":
            last = before + self.within + 1
            warnings = enumerate(_warnings(rows, before + 1, last), start=1)
        else:
            ends = range(_CALM + _WINDOW, _CALM + _NEVER + 1, _WINDOW)
            warnings = ((end - before, self._is_worse(rows, end)) for end in ends)
        return next((delay for delay, is_told in warnings if is_told), _NEVER)

    def _is_worse(self, rows: Sample, end: int) -> bool:
        first = _ROWS * (_HOLDOUT + end - _WINDOW)
        problem = self.changed.problem
        delta = measure(
            self.changed.contract,
            metrics_of(problem)["rmse" if problem == "regression" else "log_loss"],
            reference=rows.take(np.arange(_ROWS * _HOLDOUT)),
            window=rows.take(np.arange(first, first + _ROWS * _WINDOW)),
            seed=1,
        )
        return delta is not None and delta.is_worse(_MARGIN)


@dataclass(frozen=True)
class EstimateMisses:
    """Whether the estimated log loss of 2,000 rows is off by more than .02."""

    world: World

    def __call__(self, random: np.random.Generator) -> bool:
        rows = self.world.rows(random, 2000, 30)
        assert rows.labels is not None
        estimate = expected_metric(log_loss, rows.scores)
        return abs(estimate - log_loss.value(rows.labels, rows.scores)) > 0.02


def _warnings(rows: Sample, first: int, last: int | None = None) -> Iterator[bool]:
    """Whether the scan warns after each number of days since the holdout."""
    series, margin = _daily(rows), _MARGIN
    if rows.scores.ndim == 1:
        margin *= float(series.mean())
    stop = len(series) - _HOLDOUT + 1 if last is None else last
    for today in range(first, stop):
        live = series[_HOLDOUT + max(0, today - LOOK_BACK.days) : _HOLDOUT + today]
        history = np.concatenate([series[:_HOLDOUT], live])
        rises = (largest_rise(signal, margin, _HOLDOUT) for signal in history.T)
        yield any(rise is not None and rise.is_detected for rise in rises)


def _daily(rows: Sample) -> Floats:
    """Daily means of both parts of the excess loss."""
    assert rows.labels is not None
    metric = "rmse" if rows.scores.ndim == 1 else "log_loss"
    excess = excess_losses(metric, rows.scores, rows.labels, rows.scores[: _HOLDOUT * _ROWS])
    return np.asarray(excess.reshape(-1, _ROWS, excess.shape[1]).mean(axis=1))


def _joined(before: Sample, after: Sample) -> Sample:
    assert before.labels is not None and after.labels is not None
    shift = before.columns["when"][-1] + np.timedelta64(1, "D") - after.columns["when"][0]
    columns = {"when": np.concatenate([before.columns["when"], after.columns["when"] + shift])}
    return Sample(
        columns,
        np.concatenate([before.scores, after.scores]),
        np.concatenate([before.labels, after.labels]),
    )


_RARELY, _FOUND = Aim("at most", 0.1), Aim("at least", 0.9)
_BASE = -1.5  # a fifth is positive
_DAYS = {
    "independent rows": World(base=_BASE),
    "days alike, AR(.5), weekly": World(base=_BASE, day=0.4, correlation=0.5, weekly=0.3),
}
_OTHERS = {
    "three classes, days alike, AR(.5)": World("multiclass", day=0.4, correlation=0.5),
    "regression, days alike, AR(.5)": World("regression", day=0.4, correlation=0.5),
}
_CHANGES = {"base rate +10 points": {"more": 0.1}, "slope halved": {"slope": 0.5}}
_NOISE = replace(_OTHERS["regression, days alike, AR(.5)"], noise=1.3)


def _told(text: str, changed: World, within: int, trials: int, aim: Aim | None = None) -> Case:
    return Case(
        f"early warning within {within} days", text, Told(changed, within=within), trials, aim
    )


CASES: tuple[Case, ...] = (
    *(
        Case("early warning in a year, unchanged", name, Warned(world), 60, _RARELY)
        for name, world in (_DAYS | _OTHERS).items()
    ),
    Case(
        "early warning in a year, unchanged",
        "days alike, AR(.7)",
        Warned(World(base=_BASE, day=0.4, correlation=0.7)),
        40,
    ),
    *(
        _told(
            f"{change}, {name}",
            replace(world, **values),  # type: ignore[arg-type]
            within,
            60,
            _FOUND if within == 45 and "more" in values else None,
        )
        for change, values in _CHANGES.items()
        for name, world in _DAYS.items()
        for within in (14, 45)
    ),
    *(
        _told(f"slope halved, {name}", replace(world, slope=0.5), 45, 40)
        for name, world in list(_OTHERS.items())[:1]
    ),
    _told("errors 30% larger, regression, days alike, AR(.5)", _NOISE, 45, 40),
    *(
        Case(
            "performance says so within 30 days of the onset",
            f"{change}, {name}",
            Told(replace(world, **values), "window"),  # type: ignore[arg-type]
            40,
        )
        for change, values in _CHANGES.items()
        for name, world in _DAYS.items()
    ),
    Case(
        "estimate off by more than .02",
        "log loss, 2,000 rows, moved inputs",
        EstimateMisses(World(base=_BASE, mean=0.5, spread=0.7)),
        200,
        Aim("at most", 0.1),
    ),
    Case(
        "estimate off by more than .02",
        "log loss, 2,000 rows, moved inputs, three classes",
        EstimateMisses(World("multiclass", mean=0.5, spread=0.7)),
        100,
        Aim("at most", 0.1),
    ),
)


def main() -> None:
    """Print the delays of both: quartiles, and how often nobody is told within 90 days."""
    print("| change | days | told by | median delay [quartiles] | not within 90 days |")
    print("| --- | --- | --- | --- | --- |")
    for change, values in _CHANGES.items():
        for name, world in _DAYS.items():
            for by in ("early warning", "window"):
                told = Told(replace(world, **values), by, within=90)  # type: ignore[arg-type]
                delays = [told.delay(np.random.default_rng([7, trial])) for trial in range(100)]
                low, median, high = np.percentile(delays, [25, 50, 75])
                never = np.mean(np.array(delays) > 90)
                line = f"{median:.0f} days [{low:.0f}, {high:.0f}] | {never:.0%}"
                print(f"| {change} | {name} | {by} | {line} |", flush=True)


if __name__ == "__main__":
    main()
