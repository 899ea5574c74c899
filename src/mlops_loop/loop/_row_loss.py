"""The loss of one row on which a trial compares two versions, in the metric of the user.

A trial needs a metric that is a mean over rows, as the rows of a day are its unit. Log loss, Brier
score, accuracy, mae and (as a mean of squares) rmse are; for any other metric, such as the AUC, the
log loss or the rmse stands in for it, and the decision says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

from .._calibration import SMALLEST
from ..contract._model import Class
from ..prediction_log import Output


@dataclass(frozen=True)
class RowLoss:
    """A loss of rows; smaller is better.

    Attributes:
        name: name of its mean.
        of_row: called with what a version answered and the label.
        is_squared: whether the metric is the root of the mean.
    """

    name: str
    of_row: Callable[[Output, object], float]
    is_squared: bool = False

    def of_mean(self, mean: float) -> float:
        """The metric for a mean of losses."""
        return float(mean**0.5) if self.is_squared else mean

    def of_reduction(self, reduction: float, mean: float) -> float:
        """By how much the metric is smaller if the mean is smaller by the reduction."""
        return self.of_mean(mean) - self.of_mean(max(mean - reduction, 0.0))


def row_loss(metric: str, classes: Sequence[Class]) -> RowLoss:
    """The loss that belongs to a metric.

    Args:
        metric: name of the metric that the model was selected by.
        classes: target values in code order; empty for regression.
    """
    if not classes and metric == "mae":
        return RowLoss("mae", _error)
    if not classes:
        return RowLoss("rmse", lambda output, label: _error(output, label) ** 2, is_squared=True)
    if metric == "brier":
        return RowLoss("Brier score", lambda output, label: _brier(output, label, classes))
    if metric == "accuracy":
        return RowLoss("error rate", lambda output, label: float(output.prediction != label))
    return RowLoss("log loss", lambda output, label: _log_loss(output, label, classes))


def _error(output: Output, label: object) -> float:
    return abs(float(output.prediction or 0) - float(label or 0))  # type: ignore[arg-type]


def _log_loss(output: Output, label: object, classes: Sequence[Class]) -> float:
    probabilities = zip(classes, output.probabilities or (), strict=True)
    probability = next(probability for value, probability in probabilities if value == label)
    return -log(max(probability, SMALLEST))


def _brier(output: Output, label: object, classes: Sequence[Class]) -> float:
    """As the metric `brier`: of two classes only the second counts."""
    total = sum(
        (probability - (value == label)) ** 2
        for value, probability in zip(classes, output.probabilities or (), strict=True)
    )
    return total / 2 if len(classes) == 2 else total
