"""How much worse labelled rows went than the champion's held-out rows.

What is compared, and why: a log loss or a Brier score depends on the season before it depends
on the model. On the flights, a model trained in winter scores 0.57 in June, when 31 % are late,
and 0.43 in September, when 13 % are, against 0.52 on its holdout: by the bare figure June is
worse and September better. Against a forecaster who knows no more than the share of late
flights of those very rows it is the other way round: in June the model is as good as ever, in
September it is beaten by him. So a loss is divided by that forecaster's loss on the same rows,
and multiplied by his loss on the holdout: the loss the model would have at the holdout's base
rate. The error of a regression is treated alike: its forecaster knows the mean, and his error is
the spread of the outcomes. An AUC does not depend on the base rate and is compared as it is.

The interval is a bootstrap of 90 %, 5 % on either side. Rows of one day or group are drawn
together, on the window's side and on the holdout's, which is a sample too.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from ..contract import Contract
from ..evaluation.bootstrap import Resampling, clusters
from ..evaluation.formatting import format_metric
from ..evaluation.interval import Interval
from ..evaluation.metrics import Floats, Metric, Scorer
from ..evaluation.target import Labels
from .findings import Finding, Severity
from .samples import Sample

CONFIDENCE = 0.9
RESAMPLES = 300


def basis(metric: str) -> str:
    """What a metric was adjusted to before it was compared, in words."""
    return f"at the holdout's {'spread' if metric in ('rmse', 'mae') else 'base rate'}"


@dataclass(frozen=True)
class PerformanceDelta:
    """A metric on the window and on the holdout.

    Attributes:
        metric: its name.
        rows: labelled rows of the window that it rests on.
        value: on the window, as it is.
        adjusted: the same at the holdout's base rate, or spread.
        reference: on the holdout.
        worsening: how much worse the window is, adjusted; positive is worse for every metric.
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
        """The metric from which on it is worse by more than a margin."""
        return self.reference + (margin if self.rises_when_worse else -margin)

    def finding(
        self, margin: float, severity: Severity, column: str | None = None, value: str | None = None
    ) -> Finding:
        """The finding that performance is worse, in the window or in one slice of it."""
        where = f" where {column} is {value}" if value is not None else ""
        limit = self.limit(margin)
        text = (
            f"performance is worse{where}: {self.metric} is {format_metric(self.adjusted)} "
            f"{basis(self.metric)} (limit {format_metric(limit)})"
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
            f"{format_metric(self.reference)} on the holdout: worse by {self.worsening}"
        )


@dataclass(frozen=True)
class _Side:
    """Window or holdout: the metric, and what it is for a forecaster who knows the base rate."""

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
        contract: what the data is.
        metric: what is compared.
        reference: the holdout, with outcomes.
        window: labelled rows.
        seed: of the bootstrap.
        n_comparisons: how many such comparisons are made at once, for Bonferroni's correction.
            A few hundred resamples do not reach the quantiles that it asks for, so with more than
            one comparison they give a standard error, and the normal distribution the rest.

    Returns:
        None if there is nothing to compare with: all outcomes on one side are the same.
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
