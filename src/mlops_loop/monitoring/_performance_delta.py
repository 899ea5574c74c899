"""Performance on labelled rows compared with the holdout, adjusted to its base rate.

A log loss or Brier score depends on the base rate. On the flights, a model trained in winter scores
0.57 in June, when 31 % are late, and 0.43 in September, when 13 % are, against 0.52 on its holdout.
Compared with a constant forecast of the base rate of the same rows (a skill score), it is as good
as before in June, and worse than the constant in September. So a loss is divided by the loss of the
constant forecast on the same rows, and multiplied by that on the holdout: the loss at the holdout's
base rate. The error of a regression is adjusted in the same way by the spread of the labels. An AUC
does not depend on the base rate.

The interval is a 90 % bootstrap interval, 5 % on each side. Days or groups are resampled, both of
the window and of the holdout.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._bootstrap import Resampling, clusters
from ..evaluation._formatting import format_metric
from ..evaluation._interval import Interval
from ..evaluation._metric import Metric, Scorer
from ..evaluation._target import Labels
from ._findings import Finding, Severity
from ._samples import Sample

CONFIDENCE = 0.9
RESAMPLES = 300


def basis(metric: str) -> str:
    """The base rate or spread that the metric was adjusted to, as text."""
    return f"at the holdout's {'spread' if metric in ('rmse', 'mae') else 'base rate'}"


@dataclass(frozen=True)
class PerformanceDelta:
    """A metric on the window and on the holdout.

    Attributes:
        metric: its name.
        rows: number of labelled rows of the window.
        value: metric on the window, not adjusted.
        adjusted: metric at the base rate or spread of the holdout.
        reference: metric on the holdout.
        worsening: adjusted difference; positive is worse for every metric.
    """

    metric: str
    rows: int
    value: float
    adjusted: float
    reference: float
    worsening: Interval

    @property
    def rises_when_worse(self) -> bool:
        return self.adjusted > self.reference

    def limit(self, margin: float) -> float:
        """The value at which it is worse by the margin."""
        return self.reference + (margin if self.rises_when_worse else -margin)

    def finding(
        self, margin: float, severity: Severity, column: str | None = None, value: str | None = None
    ) -> Finding:
        """The finding that performance is worse, in the window or in one slice of it."""
        where = f" where {column} is {value}" if value is not None else ""
        limit = self.limit(margin)
        text = (
            f"performance is worse{where}: {self.metric} is {format_metric(self.adjusted)} "
            f"{basis(self.metric)} on {self.rows} labelled rows, "
            f"{format_metric(self.reference)} on the holdout (limit {format_metric(limit)})"
        )
        return Finding(
            "performance", text, severity, column, self.metric, self.adjusted, limit, value
        )

    def metrics(self) -> dict[str, float]:
        return {
            "labelled": float(self.rows),
            self.metric: self.value,
            f"{self.metric}_adjusted": self.adjusted,
            f"{self.metric}_reference": self.reference,
            "worsening": self.worsening.value,
            "worsening_low": self.worsening.low,
            "worsening_high": self.worsening.high,
        }

    def summary(self) -> str:
        return (
            f"{self.metric} {format_metric(self.value)} on {self.rows} labelled rows, "
            f"{format_metric(self.adjusted)} {basis(self.metric)}, against "
            f"{format_metric(self.reference)} on the holdout: {self.change()}"
        )

    def change(self) -> str:
        """How much better or worse it is, with the bounds of the interval."""
        worse = self.worsening
        if worse.value < 0:
            return f"better by {Interval(-worse.value, -worse.high, -worse.low)}"
        return f"worse by {worse}"


@dataclass(frozen=True)
class _Side:
    """Window or holdout: the metric, and that of the constant forecast."""

    value: float
    base: float
    draws: Floats
    base_draws: Floats


def measure(
    contract: Contract,
    metric: Metric,
    *,
    reference: Sample,
    window: Sample,
    seed: int,
    n_comparisons: int = 1,
) -> PerformanceDelta | None:
    """Compare labelled rows of a window with the holdout.

    Args:
        contract: types and roles of the columns.
        metric: the metric to compare.
        reference: the holdout, with labels.
        window: labelled rows.
        seed: seed of the bootstrap.
        n_comparisons: number of comparisons, for the Bonferroni correction.
            A few hundred resamples do not reach such quantiles, so that with more than one
            comparison the interval is normal, with the bootstrap's standard error.

    Returns:
        None if all labels on one side are the same.
    """
    now = _side(contract, metric, window, seed)
    then = _side(contract, metric, reference, seed + 1)
    if metric.greater_is_better:
        worsening, draws = then.value - now.value, then.draws - now.draws
        adjusted = now.value
    else:
        if now.base <= 0 or then.base <= 0:
            return None
        adjusted = now.value / now.base * then.base
        worsening = adjusted - then.value
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = (now.draws / now.base_draws - then.draws / then.base_draws) * then.base
    low, high = _ends(worsening, draws[np.isfinite(draws)], n_comparisons)
    interval = Interval(worsening, low, high)
    return PerformanceDelta(metric.name, len(window), now.value, adjusted, then.value, interval)


def _ends(value: float, draws: Floats, n_comparisons: int) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2 / n_comparisons
    if n_comparisons > 1:
        width = NormalDist().inv_cdf(1 - tail) * float(draws.std())
        return value - width, value + width
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _side(contract: Contract, metric: Metric, sample: Sample, seed: int) -> _Side:
    assert sample.labels is not None
    resampling = Resampling(clusters(contract, sample.columns), RESAMPLES, CONFIDENCE, seed)
    scorers = [
        metric.scorer(sample.labels, sample.scores),
        _base_scorer(metric, sample.labels, sample.scores),
    ]
    draws = resampling.scores(scorers)
    value, base = (scorer(np.ones(len(sample))) for scorer in scorers)
    return _Side(value, base, draws[:, 0], draws[:, 1])


def _base_scorer(metric: Metric, labels: Labels, scores: Floats) -> Scorer:
    """The metric of a constant forecast: the shares of the classes, or the mean."""
    if metric.greater_is_better:
        return lambda weights: 0.0

    def score(weights: Floats) -> float:
        if scores.ndim == 1:
            constant = np.full(len(labels), np.average(labels, weights=weights))
        else:
            classes = labels.astype(np.int64, copy=False)
            counts = np.bincount(classes, weights=weights, minlength=scores.shape[1])
            shares = counts / weights.sum()
            constant = np.tile(shares, (len(labels), 1))
        return metric.scorer(labels, constant)(weights)

    return score
