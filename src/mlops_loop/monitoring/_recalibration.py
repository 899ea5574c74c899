"""By how much does recalibration lower the loss: a model that is right cannot be recalibrated.

The predictions of the labelled rows get a new slope and new intercepts (Cox, "Two further
applications of a model for binary regression", Biometrika 45, 1958): of classes softmax(scale * log
p + shift), of numbers slope * prediction + intercept. Unlike a loss, the gain does not depend on
which rows are labelled or how hard they are, as long as the model is right about them.

Chance is a score test on the window: of no recalibration, or, if the holdout needs one itself, of
the holdout's. Its variance is that of the sums of days or groups (Rao & Scott, "On chi-squared
tests for multiway contingency tables", Annals of Statistics 12, 1984, with Satterthwaite's degrees
of freedom), times what neighbouring days add that resemble each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._autocorrelation import variance_inflation
from ..evaluation._bootstrap import clusters
from ._samples import Sample
from ._scaling import Scaling, scaling_of
from ._score_test import cluster_sums, score_chance

ALPHA = 0.05
# Below this chance the holdout's own recalibration is the one to compare with.
OWN_ALPHA = 0.2


@dataclass(frozen=True)
class Recalibration:
    """Recalibration of the labelled rows of a window.

    Attributes:
        loss: log loss, or mean squared error, of the predictions as they are.
        recalibrated: the same after recalibration on these rows.
        holdout_gain: by how much recalibration lowers it on the holdout.
        base: loss of a constant forecast (classes), or of the holdout's predictions (numbers).
        chance: probability of such a change against the holdout if the model is as good as there.
        bias: mean of the predictions minus mean of the labels; of several classes, of the class
            with the largest difference.
        biased_class: code of this class; None for numbers.
        clusters: number of days or groups, or of rows without them.
        alpha: chance below which it counts.
    """

    loss: float
    recalibrated: float
    holdout_gain: float
    base: float
    chance: float
    bias: float
    biased_class: int | None
    clusters: int
    alpha: float

    @property
    def excess(self) -> float:
        """Gain beyond that of the holdout, as a share of the base."""
        return (self.loss - self.recalibrated - self.holdout_gain) / max(self.base, 1e-12)

    def is_needed(self, margin: float) -> bool:
        """Whether recalibration gains more than the margin, and more than by chance."""
        return self.chance < self.alpha and self.excess > margin

    def metrics(self) -> dict[str, float]:
        return {
            "recalibration_loss": self.loss,
            "recalibrated_loss": self.recalibrated,
            "recalibration_holdout_gain": self.holdout_gain,
            "recalibration_chance": self.chance,
        }


def recalibrate(
    contract: Contract, *, reference: Sample, window: Sample, n_comparisons: int = 1
) -> Recalibration:
    """Recalibrate the labelled rows of a window, and test it against the holdout.

    Args:
        contract: types and roles of the columns.
        reference: the holdout, with labels.
        window: labelled rows.
        n_comparisons: number of comparisons, for the Bonferroni correction.
    """
    sides = [_Side.of(contract, sample, reference) for sample in (reference, window)]
    inflation = _inflation(contract, sides)
    then, now = sides[0].scaling, sides[1].scaling
    null, spread = then.identity, sides[1].covariance(then.identity, inflation)
    held_out_spread = sides[0].covariance(then.identity, inflation)
    # If the model is off on the holdout already, the test asks for a change since then.
    if _chance(then, null, held_out_spread, sides[0].count) < OWN_ALPHA:
        null = then.fit()
        held_out_spread = sides[0].covariance(null, inflation)
        transfer = now.information(null) @ np.linalg.pinv(then.information(null))
        spread = sides[1].covariance(null, inflation) + transfer @ held_out_spread @ transfer.T
    bias, biased_class = now.bias()
    return Recalibration(
        loss=now.loss(now.identity),
        recalibrated=now.loss(now.fit()),
        holdout_gain=then.loss(then.identity) - then.loss(then.fit()),
        base=now.base_loss() if now.is_classification else then.loss(then.identity),
        chance=_chance(now, null, spread, sides[1].count),
        bias=bias,
        biased_class=biased_class,
        clusters=sides[1].count,
        alpha=ALPHA / n_comparisons,
    )


@dataclass(frozen=True)
class _Side:
    """Window or holdout: the rows, and the number of the day or group of each."""

    scaling: Scaling
    groups: NDArray[np.int64]

    @classmethod
    def of(cls, contract: Contract, sample: Sample, unit: Sample) -> "_Side":
        return cls(scaling_of(sample, unit), clusters(contract, sample.columns))

    @property
    def count(self) -> int:
        return int(self.groups.max()) + 1

    def sums(self, parameters: Floats) -> Floats:
        """The gradients less their mean, added up by day or group."""
        gradients = self.scaling.gradients(parameters)
        return cluster_sums(gradients - gradients.mean(axis=0), self.groups)

    def covariance(self, parameters: Floats, inflation: Floats) -> Floats:
        """Covariance of the sum of the gradients, from the sums of the clusters."""
        sums = self.sums(parameters) * np.sqrt(inflation)
        covariance: Floats = sums.T @ sums * self.count / max(self.count - 1, 1)
        return covariance


def _inflation(contract: Contract, sides: Sequence[_Side]) -> Floats:
    """By how much the correlation of neighbouring days inflates the variance of each gradient.

    Window and holdout have one correlation: that of a few days alone says little.
    """
    identity = sides[0].scaling.identity
    by_day = contract.group is None and all(side.count < len(side.groups) for side in sides)
    sums = [side.sums(identity) for side in sides]
    scales = [each.std(axis=0) for each in sums]
    if not by_day or not all(scale.all() for scale in scales):
        return np.ones_like(identity)
    series = np.concatenate([each / scale for each, scale in zip(sums, scales, strict=True)])
    return np.array([variance_inflation(days, doubt=0.0) for days in series.T])


def _chance(scaling: Scaling, null: Floats, spread: Floats, count: int) -> float:
    score = scaling.gradients(null).sum(axis=0)
    inverse = np.linalg.pinv(scaling.information(null) * scaling.dispersion(null))
    return score_chance(score, inverse, np.linalg.eigvals(inverse @ spread).real, count)
