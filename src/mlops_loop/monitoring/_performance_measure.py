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
from ..evaluation._interval import Interval
from ..evaluation._metric import Metric, Scorer
from ..evaluation._metrics import rmse
from ..evaluation._target import Labels
from ._performance_delta import PerformanceDelta
from ._recalibration import recalibrate
from ._samples import Sample

CONFIDENCE = 0.9
RESAMPLES = 300
# Slope and intercept take five rows of the rarer class each (Vittinghoff & McCulloch, American
# Journal of Epidemiology 165, 2007). 30 would leave 1 % of positives unjudged at 2,000 labels.
FEWEST_OF_CLASS = 10
# An AUC of a few rows of a class is all noise.
FEWEST_TO_RANK = 30


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
