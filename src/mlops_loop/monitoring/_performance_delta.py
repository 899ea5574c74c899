"""Performance on labelled rows compared with the holdout, adjusted to its base rate.

A log loss or Brier score depends on the base rate. On the flights, a model trained in winter scores
0.57 in June, when 31 % are late, and 0.43 in September, when 13 % are, against 0.52 on its holdout.
Compared with a constant forecast of the base rate of the same rows (a skill score), it is as good
as before in June, and worse than the constant in September. So a loss is divided by the loss of the
constant forecast on the same rows, and multiplied by that on the holdout: the loss at the holdout's
base rate. The error of a regression is adjusted in the same way by the spread of the labels. An AUC
does not depend on the base rate.

Neither is the same for a model that is right when its inputs move, or when the labelled rows were
selected by score. So whether performance is worse follows from the recalibration of the window
(`_recalibration`). Of numbers, it is also worse if the errors themselves grew and the adjusted
metric did too: a recalibration does not see noise. The metric says by how much, in its own units.

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
from ..evaluation._metrics import rmse
from ..evaluation._target import Labels
from ._findings import Finding, Severity
from ._recalibration import Recalibration, recalibrate
from ._samples import Sample

CONFIDENCE = 0.9
RESAMPLES = 300
# Slope and intercept take five rows of the rarer class each (Vittinghoff & McCulloch, American
# Journal of Epidemiology 165, 2007). 30 would leave 1 % of positives unjudged at 2,000 labels.
FEWEST_OF_CLASS = 10
# An AUC of a few rows of a class is all noise.
FEWEST_TO_RANK = 30


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
        recalibration: recalibration of the labelled rows.
        growth: by how much the errors of a regression grew, as a share of those on the holdout;
            None for classes.
        biased_class: the class that the bias is about, as text; empty for numbers.
    """

    metric: str
    rows: int
    value: float
    adjusted: float
    reference: float
    worsening: Interval
    recalibration: Recalibration
    growth: Interval | None
    biased_class: str

    def is_worse(self, margin: float) -> bool:
        """Whether recalibration is needed, or errors and metric of a regression surely grew.

        Args:
            margin: as a share of the loss of a constant forecast; of a regression, of the loss and
                of the errors on the holdout.
        """
        if self.recalibration.is_needed(margin):
            return True
        return self.growth is not None and self.growth.low > margin and self.worsening.low > 0

    @property
    def rises_when_worse(self) -> bool:
        return self.adjusted > self.reference

    def limit(self, margin: float) -> float:
        """The value at which it is worse by the margin, as a share of that on the holdout."""
        share = margin if self.rises_when_worse else -margin
        return self.reference + share * abs(self.reference)

    def finding(
        self, margin: float, severity: Severity, column: str | None = None, value: str | None = None
    ) -> Finding:
        """The finding that performance is worse, in the window or in one slice of it."""
        where = f" where {column} is {value}" if value is not None else ""
        limit = self.limit(margin)
        is_beyond = self.worsening.value > abs(limit - self.reference)
        text = (
            f"performance is worse{where}: {self.metric} is {format_metric(self.adjusted)} "
            f"{basis(self.metric)} on {self.rows} labelled rows, "
            f"{format_metric(self.reference)} on the holdout: {self.change()}; {self.explanation()}"
        )
        return Finding(
            "performance",
            text,
            severity,
            column,
            self.metric,
            self.adjusted,
            limit if is_beyond else None,
            value,
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
            **self.recalibration.metrics(),
        }

    def explanation(self) -> str:
        """What recalibration of the rows says about the predictions."""
        own = self.recalibration
        direction = "high" if own.bias > 0 else "low"
        if own.biased_class is None:
            size, loss = format_metric(abs(own.bias)), "mean squared error"
        else:
            size, loss = f"{100 * abs(own.bias):.1f} points", "log loss"
        of_class = f" of {self.biased_class}" if self.biased_class else ""
        return (
            f"predictions{of_class} are too {direction} by {size} on average; recalibrated on "
            f"these rows the {loss} would be {format_metric(own.recalibrated)} instead of "
            f"{format_metric(own.loss)} (chance {own.chance:.2g}, limit {own.alpha:.2g}, "
            f"{own.clusters} days or groups)"
        )

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
        None if a class is missing or too rare on one side.
    """
    if window.scores.ndim > 1:
        fewest = fewest_of_class(metric)
        if min(_rarest(reference), _rarest(window)) < fewest:
            return None
    now = _side(contract, metric, window, seed)
    then = _side(contract, metric, reference, seed + 1)
    value, held_out = now.value, then.value
    if metric.greater_is_better:
        adjusted, worsening = now.value, then.value - now.value
        draws = then.draws - now.draws
    else:
        if now.base <= 0 or then.base <= 0:
            return None
        adjusted = now.value / now.base * then.base
        worsening = adjusted - then.value
        with np.errstate(divide="ignore", invalid="ignore"):
            draws = (now.draws / now.base_draws - then.draws / then.base_draws) * then.base
    recalibration = recalibrate(
        contract, reference=reference, window=window, n_comparisons=n_comparisons
    )
    growth = None
    if contract.problem == "regression":
        if metric.greater_is_better:
            now, then = (_side(contract, rmse, side, seed) for side in (window, reference))
        growth = _growth(now, then, n_comparisons)
    code = recalibration.biased_class
    return PerformanceDelta(
        metric.name,
        len(window),
        value=value,
        adjusted=adjusted,
        reference=held_out,
        worsening=_interval(worsening, draws, n_comparisons),
        recalibration=recalibration,
        growth=growth,
        biased_class="" if code is None else str(contract.classes[code]),
    )


def fewest_of_class(metric: Metric) -> int:
    """Labels that each class needs before a metric says anything."""
    return FEWEST_TO_RANK if metric.greater_is_better else FEWEST_OF_CLASS


def _rarest(sample: Sample) -> int:
    """Rows of the rarest class, apart from classes that are not predicted that often either."""
    assert sample.labels is not None
    classes = sample.scores.shape[1]
    counts = np.bincount(sample.labels.astype(np.int64), minlength=classes)
    if classes > 2:
        expected = counts[sample.scores.sum(axis=0) >= FEWEST_TO_RANK]
        return int(expected.min()) if len(expected) else 0
    return int(counts.min())


def _growth(now: "_Side", then: "_Side", n_comparisons: int) -> Interval:
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = now.draws / then.draws - 1
    value = now.value / then.value - 1 if then.value else np.inf
    return _interval(value, draws, n_comparisons)


def _interval(value: float, draws: Floats, n_comparisons: int) -> Interval:
    draws = draws[np.isfinite(draws)]
    if not len(draws):
        return Interval(value, value, value)
    return Interval(value, *_ends(value, draws, n_comparisons))


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
