"""How much worse labelled rows went than the champion's held-out rows.

What is compared, and why: a log loss or a Brier score depends on the season before it depends
on the model. On the flights, a model trained in winter scores 0.57 in June, when 31 % are late,
and 0.43 in September, when 13 % are, against 0.52 on its holdout: by the bare figure June is
worse and September better. Against a forecaster who knows no more than the share of late
flights of those very rows it is the other way round: in June the model is as good as ever, in
September it is beaten by him. So a loss is divided by that forecaster's loss on the same rows,
and multiplied by his loss on the holdout: the loss the model would have at the holdout's base
rate. An AUC does not depend on the base rate and is compared as it is.

The interval is a bootstrap of 90 %, 5 % on either side. Rows of one day or group are drawn
together, on the window's side and on the holdout's, which is a sample too.
"""

from dataclasses import dataclass

import numpy as np

from ..contract import Contract
from ..evaluation.bootstrap import Interval, Resampling, clusters
from ..evaluation.metrics import Floats, Metric, Scorer
from ..evaluation.target import Truth
from .samples import Sample

CONFIDENCE = 0.9
RESAMPLES = 300


@dataclass(frozen=True)
class Measured:
    """A metric on the window and on the holdout.

    Attributes:
        metric: its name.
        rows: labelled rows of the window that it rests on.
        value: on the window, as it is.
        adjusted: the same at the holdout's base rate.
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

    def figures(self) -> dict[str, float]:
        return {
            "labelled": float(self.rows),
            self.metric: self.value,
            f"{self.metric}_adjusted": self.adjusted,
            f"{self.metric}_reference": self.reference,
            "worsening": self.worsening.value,
            "worsening_low": self.worsening.low,
            "worsening_high": self.worsening.high,
        }

    def sentence(self) -> str:
        return (
            f"{self.metric} {self.value:.4f} on {self.rows} labelled rows, {self.adjusted:.4f} at "
            f"the holdout's base rate, against {self.reference:.4f} on the holdout: "
            f"worse by {self.worsening}"
        )


@dataclass(frozen=True)
class _Side:
    """Window or holdout: the metric, and what it is for a forecaster who knows the base rate."""

    value: float
    base: float
    draws: Floats
    base_draws: Floats


def measure(
    contract: Contract, metric: Metric, *, reference: Sample, window: Sample, seed: int
) -> Measured | None:
    """Compare labelled rows of a window with the holdout.

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
    low, high = _ends(draws[np.isfinite(draws)])
    interval = Interval(worsening, low, high)
    return Measured(metric.name, len(window), now.value, adjusted, then.value, interval)


def _ends(draws: Floats) -> tuple[float, float]:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def _side(contract: Contract, metric: Metric, sample: Sample, seed: int) -> _Side:
    assert sample.truth is not None
    resampling = Resampling(clusters(contract, sample.columns), RESAMPLES, CONFIDENCE, seed)
    scorers = [
        metric.scorer(sample.truth, sample.scores),
        _base_scorer(metric, sample.truth, sample.scores),
    ]
    draws = resampling.scores(scorers)
    value, base = (scorer(np.ones(len(sample))) for scorer in scorers)
    return _Side(value, base, draws[:, 0], draws[:, 1])


def _base_scorer(metric: Metric, truth: Truth, scores: Floats) -> Scorer:
    """The metric of a constant forecast: the shares of the classes, or the mean."""
    if metric.greater_is_better:
        return lambda weights: 0.0

    def score(weights: Floats) -> float:
        if scores.ndim == 1:
            constant = np.full(len(truth), np.average(truth, weights=weights))
        else:
            classes = truth.astype(np.int64, copy=False)
            counts = np.bincount(classes, weights=weights, minlength=scores.shape[1])
            shares = counts / weights.sum()
            constant = np.tile(shares, (len(truth), 1))
        return metric.scorer(truth, constant)(weights)

    return score
