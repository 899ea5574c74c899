"""Calibration of probabilities, and the cost-minimal decision threshold.

Both are fitted on out-of-fold predictions. Calibration is vector scaling with one common scale (Guo
et al., On Calibration of Modern Neural Networks, ICML 2017), of two classes Platt's scaling:
softmax(scale * log p + shift). It is used only where it lowers the log loss of rows that it was not
fitted on, in every fold.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import binom

from .._calibration import SMALLEST, Calibration
from .._encoder import Matrix
from .._settings import Costs
from ..contract._columns import Floats
from ..models import predict_scores

Codes = NDArray[np.int64]
_LOGITS = np.linspace(-16, 16, 321)  # of thresholds from 1e-7 to 1 - 1e-7
_CHANCE = 0.01


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of a candidate.

    Attributes:
        labels: class codes, shape (rows,).
        probabilities: shape (rows, classes).
        fold: number of the fold in which a row was left out, shape (rows,).
    """

    labels: Codes
    probabilities: Floats
    fold: Codes


@dataclass(frozen=True)
class Calibrated:
    """A classifier whose probabilities are calibrated."""

    estimator: Any
    calibration: Calibration

    @property
    def classes_(self) -> Codes:
        return np.arange(len(self.calibration.shift))

    def predict_proba(self, matrix: Matrix) -> Floats:
        return self.calibration.apply(predict_scores(self.estimator, matrix, len(self.classes_)))


def calibrate(rows: OutOfFold) -> Calibration | None:
    """The calibration that helps on rows it was not fitted on; None where none does."""
    folds = np.unique(rows.fold)
    if len(folds) < 2:
        return None
    for fold in folds:
        rest = rows.fold == fold
        fitted = _fit(rows.labels[~rest], rows.probabilities[~rest])
        before, labels = rows.probabilities[rest], rows.labels[rest]
        if not _log_loss(labels, fitted.apply(before)) < _log_loss(labels, before):
            return None
    return _fit(rows.labels, rows.probabilities)


def cheapest_threshold(rows: OutOfFold, costs: Costs) -> float:
    """From which probability of the second class it costs least to say so.

    That is the share of the costs that a false positive has, as long as the probabilities are right
    (Elkan, The Foundations of Cost-Sensitive Learning, IJCAI 2001). Another threshold, the cheapest
    on these rows, is used only where it is better beyond chance: few mistakes of the expensive kind
    are in a sample, and a threshold that fits those costs more on other rows.

    Args:
        rows: calibrated out-of-fold predictions of two classes.
        costs: costs of a false positive and of a false negative.
    """
    own = costs.false_positive / (costs.false_positive + costs.false_negative)
    labels, probability = rows.labels, rows.probabilities[:, 1]
    positive = between = 0
    sides = set()
    for fold in np.unique(rows.fold):
        rest = rows.fold == fold
        other = _cheapest_on(labels[~rest], probability[~rest], costs, own)
        low, high = sorted((own, other))
        band = rest & (probability >= low) & (probability < high)
        positive, between = positive + int(labels[band].sum()), between + int(band.sum())
        sides.add(bool(other > own))
    # Own is right if at least this share of the rows above it are positive, and at most of those
    # below it.
    raised = sides == {True}
    chance = binom.cdf(positive, between, own) if raised else binom.sf(positive - 1, between, own)
    if len(sides) > 1 or not chance < _CHANCE:
        return own
    return _cheapest_on(labels, probability, costs, own)


def _cheapest_on(labels: Codes, probability: Floats, costs: Costs, own: float) -> float:
    """The cheapest threshold on these rows, of several the nearest to that of the costs."""
    thresholds = np.append(expit(_LOGITS), own)
    order = np.argsort(probability)
    positives = np.append(0, np.cumsum(labels[order]))
    below = np.searchsorted(probability[order], thresholds)
    false_negative = positives[below]
    false_positive = len(labels) - below - (positives[-1] - false_negative)
    total = costs.false_positive * false_positive + costs.false_negative * false_negative
    nearest = np.lexsort((np.abs(np.append(_LOGITS, logit(own)) - logit(own)), total))
    return float(thresholds[nearest[0]])


def _fit(labels: Codes, probabilities: Floats) -> Calibration:
    logs = np.log(np.clip(probabilities, SMALLEST, 1.0))
    classes = probabilities.shape[1]
    hits = np.eye(classes)[labels]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        calibration = _calibration(parameters)
        calibrated = calibration.apply(probabilities)
        errors = (calibrated - hits) / len(labels)
        slope = calibration.scale * float((errors * logs).sum())
        return _log_loss(labels, calibrated), np.array([slope, *errors.sum(axis=0)[1:]])

    return _calibration(minimize(loss, np.zeros(classes), jac=True, method="L-BFGS-B").x)


def _calibration(parameters: Floats) -> Calibration:
    """From the logarithm of the scale and the shifts, of which the first is 0."""
    return Calibration(float(np.exp(parameters[0])), (0.0, *map(float, parameters[1:])))


def _log_loss(labels: Codes, probabilities: Floats) -> float:
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(chosen, SMALLEST, 1.0)).mean())
