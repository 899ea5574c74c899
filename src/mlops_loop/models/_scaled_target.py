"""Regression on a target in units of its spread."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._encoder import Matrix
from ..contract._columns import Floats


@dataclass(frozen=True)
class ScaledTarget:
    """A fitted estimator whose predictions are deviations from the mean, in units of the spread.

    Libraries and ONNX compute in float32, where a target that is large against its spread, e.g. a
    timestamp, keeps none of its differences, and one that is tiny none of its gains. Here float64
    is subtracted and divided before a fit, and added again after a prediction.

    Attributes:
        estimator: the estimator, fitted on the scaled target.
        center: mean of the target.
        scale: standard deviation of the target.
    """

    estimator: Any
    center: float
    scale: float

    @classmethod
    def fit(cls, estimator: Any, matrix: Any, labels: NDArray[Any]) -> Self:
        values = labels.astype(np.float64)
        center = float(values.mean())
        deviations = values - center
        largest = float(np.abs(deviations).max()) or 1.0
        scale = largest * (float(np.std(deviations / largest)) or 1.0)  # squares stay in range
        return cls(estimator.fit(matrix, deviations / scale), center, scale)

    def predict(self, matrix: Matrix) -> Floats:
        """Values of shape (rows,), in units of the target."""
        scaled = np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(-1)
        return scaled * self.scale + self.center
