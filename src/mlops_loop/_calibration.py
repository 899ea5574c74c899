"""Calibration of probabilities, as a model contains it."""

from dataclasses import dataclass

import numpy as np

from .contract._columns import Floats

SMALLEST = 1e-7


@dataclass(frozen=True)
class Calibration:
    """softmax(scale * log p + shift), with one shift a class."""

    scale: float
    shift: tuple[float, ...]

    def apply(self, probabilities: Floats) -> Floats:
        """Probabilities of the same shape (rows, classes)."""
        scores = self.scale * np.log(np.clip(probabilities, SMALLEST, 1.0)) + np.array(self.shift)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        calibrated: Floats = odds / odds.sum(axis=1, keepdims=True)
        return calibrated
