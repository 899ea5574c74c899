"""Slope and intercepts of predictions, fitted to labels: of classes, and of numbers."""

from typing import Protocol

import numpy as np

from ..contract._columns import Floats
from ._samples import Sample

# A forecast of 0 or 1 must not outweigh all others.
SMALLEST = 1e-4
_ITERATIONS = 30


class Scaling(Protocol):
    """Rows whose predictions are rescaled; parameters are the slope and the intercepts."""

    is_classification: bool
    identity: Floats

    def fit(self) -> Floats:
        """The parameters with the lowest loss."""

    def loss(self, parameters: Floats) -> float:
        """Mean loss of the rescaled predictions."""

    def gradients(self, parameters: Floats) -> Floats:
        """Derivatives of the log likelihood, shape (rows, parameters)."""

    def information(self, parameters: Floats) -> Floats:
        """Expected second derivative, shape (parameters, parameters)."""

    def dispersion(self, parameters: Floats) -> float:
        """Variance of the gradients over the information, if rows are independent."""

    def base_loss(self) -> float:
        """Loss of a constant forecast."""

    def bias(self) -> tuple[float, int | None]:
        """Mean prediction minus mean label, and the code of the class that it is of."""


def scaling_of(sample: Sample, unit: Sample) -> Scaling:
    """The scaling of a sample with labels.

    Args:
        sample: the rows.
        unit: rows whose mean and spread numbers are measured in, so that two samples compare.
    """
    assert sample.labels is not None
    if sample.scores.ndim == 1:
        center, spread = float(unit.scores.mean()), float(unit.scores.std()) or 1.0
        return _NumberScaling(sample.scores, sample.labels.astype(np.float64), center, spread)
    return _ClassScaling(sample.scores, np.eye(sample.scores.shape[1])[sample.labels.astype(int)])


class _ClassScaling:
    """softmax(scale * log p + shift), the shift of the first class being 0."""

    is_classification = True

    def __init__(self, probabilities: Floats, hits: Floats) -> None:
        self._hits = hits
        clipped = np.clip(probabilities, SMALLEST, 1.0)
        self._logs = np.log(clipped / clipped.sum(axis=1, keepdims=True))
        self.identity = np.eye(hits.shape[1])[0]

    def fit(self) -> Floats:
        parameters, loss = self.identity, self.loss(self.identity)
        for _ in range(_ITERATIONS):
            # The unit matrix is worth one row: classes that are separated have no optimum.
            curvature = self.information(parameters) + np.eye(len(parameters))
            pull = parameters - self.identity
            step = np.linalg.solve(curvature, self.gradients(parameters).sum(axis=0) - pull)
            while np.abs(step).max() > 1e-6 and self.loss(parameters + step) > loss:
                step = step / 2
            if np.abs(step).max() <= 1e-6:
                break
            parameters = parameters + step
            loss = self.loss(parameters)
        return parameters

    def loss(self, parameters: Floats) -> float:
        chosen = (self._rescaled(parameters) * self._hits).sum(axis=1)
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    def gradients(self, parameters: Floats) -> Floats:
        residuals = self._hits - self._rescaled(parameters)
        slope = (residuals * self._logs).sum(axis=1, keepdims=True)
        gradients: Floats = np.hstack([slope, residuals[:, 1:]])
        return gradients

    def information(self, parameters: Floats) -> Floats:
        rescaled = self._rescaled(parameters)
        means = (rescaled * self._logs).sum(axis=1)
        size = len(parameters)
        matrix: Floats = np.empty((size, size))
        matrix[0, 0] = (rescaled * (self._logs - means[:, None]) ** 2).sum()
        matrix[0, 1:] = matrix[1:, 0] = (rescaled * (self._logs - means[:, None])).sum(axis=0)[1:]
        matrix[1:, 1:] = np.diag(rescaled.sum(axis=0)[1:]) - rescaled[:, 1:].T @ rescaled[:, 1:]
        return matrix

    def dispersion(self, parameters: Floats) -> float:
        return 1.0

    def base_loss(self) -> float:
        shares = self._hits.mean(axis=0)
        shares = shares[shares > 0]
        return float(-(shares * np.log(shares)).sum())

    def bias(self) -> tuple[float, int | None]:
        differences = np.exp(self._logs).mean(axis=0) - self._hits.mean(axis=0)
        code = int(np.abs(differences).argmax()) if len(differences) > 2 else 1
        return float(differences[code]), code

    def _rescaled(self, parameters: Floats) -> Floats:
        scores = parameters[0] * self._logs + np.concatenate([[0.0], parameters[1:]])
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        rescaled: Floats = odds / odds.sum(axis=1, keepdims=True)
        return rescaled


class _NumberScaling:
    """slope * prediction + intercept, in squared error."""

    is_classification = False

    def __init__(self, predictions: Floats, labels: Floats, center: float, spread: float) -> None:
        self._design = np.stack([(predictions - center) / spread, np.ones(len(labels))], axis=1)
        self._labels = (labels - center) / spread
        self._spread = spread
        self.identity = np.array([1.0, 0.0])

    def fit(self) -> Floats:
        fitted, *_ = np.linalg.lstsq(self._design, self._labels, rcond=None)
        return np.asarray(fitted)

    def loss(self, parameters: Floats) -> float:
        return float((self._residuals(parameters) ** 2).mean()) * self._spread**2

    def gradients(self, parameters: Floats) -> Floats:
        return self._design * self._residuals(parameters)[:, None]

    def information(self, parameters: Floats) -> Floats:
        matrix: Floats = self._design.T @ self._design
        return matrix

    def dispersion(self, parameters: Floats) -> float:
        return float(self._residuals(parameters).var())

    def base_loss(self) -> float:
        return float(self._labels.var()) * self._spread**2

    def bias(self) -> tuple[float, int | None]:
        return float(-self._residuals(self.identity).mean()) * self._spread, None

    def _residuals(self, parameters: Floats) -> Floats:
        residuals: Floats = self._labels - self._design @ parameters
        return residuals
