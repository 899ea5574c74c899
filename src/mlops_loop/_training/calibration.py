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

from .._calibration import SMALLEST, Calibration
from .._encoder import Matrix
from .._settings import Costs
from ..contract._columns import Floats
from ..models import predict_scores

Codes = NDArray[np.int64]
_THRESHOLDS = np.linspace(0.01, 0.99, 99)


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


def cheapest_threshold(labels: Codes, probability: Floats, costs: Costs) -> float:
    """From which probability of the second class it costs least to say so.

    Among equally cheap thresholds, the nearest to the one that the costs alone imply is used.

    Args:
        labels: 0 or 1, shape (rows,).
        probability: probability of the second class, shape (rows,).
        costs: costs of a false positive and of a false negative.
    """
    yes = probability[:, None] >= _THRESHOLDS
    false_positive = (yes & (labels == 0)[:, None]).sum(axis=0)
    false_negative = (~yes & (labels == 1)[:, None]).sum(axis=0)
    total = costs.false_positive * false_positive + costs.false_negative * false_negative
    wanted = costs.false_positive / (costs.false_positive + costs.false_negative)
    order = np.lexsort((np.abs(_THRESHOLDS - wanted), total))
    return float(_THRESHOLDS[order[0]])


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
