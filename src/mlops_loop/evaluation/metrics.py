"""Metrics that can be weighed row by row, so that one bootstrap serves them all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract.model import Problem
from ..errors import SettingsError
from .target import Labels

Floats = NDArray[np.float64]
# The value of a metric under row weights of shape (rows,).
Scorer = Callable[[Floats], float]

_SMALLEST = 1e-7


@dataclass(frozen=True)
class Metric:
    """A named metric.

    Attributes:
        greater_is_better: which way is up; nothing else knows it.
        scorer: prepares truth and prediction once and answers for any row weights. Predictions
            are probabilities of shape (rows, classes), or values of shape (rows,).
    """

    name: str
    greater_is_better: bool
    scorer: Callable[[Labels, Floats], Scorer]

    def value(self, labels: Labels, predicted: Floats) -> float:
        return self.scorer(labels, predicted)(np.ones(len(labels)))

    @property
    def direction(self) -> float:
        """Factor that makes more of the metric better: 1, or -1 for a loss."""
        return 1.0 if self.greater_is_better else -1.0


def metric_named(name: str, problem: Problem) -> Metric:
    """The metric that the settings name.

    Raises:
        SettingsError: if there is no such metric, or it is one of another kind of problem.
    """
    known = metrics_of(problem)
    if name not in known:
        raise SettingsError(
            f"training.metric: {name!r} is not a metric of a {problem} problem "
            f"(available: {', '.join(known)})"
        )
    return known[name]


def metrics_of(problem: Problem) -> dict[str, Metric]:
    """Every metric that fits the problem, by name."""
    fitting = _REGRESSION if problem == "regression" else _CLASSIFICATION
    return {metric.name: metric for metric in fitting}


def _mean_of(rows: Callable[[Labels, Floats], Floats]) -> Callable[[Labels, Floats], Scorer]:
    def prepare(labels: Labels, predicted: Floats) -> Scorer:
        values = rows(labels, predicted)
        # Not `@`: BLAS would wake its threads for every resample.
        return lambda weights: float(np.einsum("i,i->", values, weights) / weights.sum())

    return prepare


def _log_losses(labels: Labels, predicted: Floats) -> Floats:
    chosen = predicted[np.arange(len(labels)), labels.astype(np.int64)]
    losses: Floats = -np.log(np.clip(chosen, _SMALLEST, 1.0))
    return losses


def _briers(labels: Labels, predicted: Floats) -> Floats:
    hits = np.zeros_like(predicted)
    hits[np.arange(len(labels)), labels.astype(np.int64)] = 1.0
    squares: Floats = np.square(predicted - hits)
    # Of two classes both columns say the same: count one, as everybody does.
    return np.asarray(squares[:, 1] if predicted.shape[1] == 2 else squares.sum(axis=1))


def _hits(labels: Labels, predicted: Floats) -> Floats:
    return np.asarray(predicted.argmax(axis=1) == labels, dtype=np.float64)


def _roc_auc(labels: Labels, predicted: Floats) -> Scorer:
    """Area under the ROC curve; of several classes the mean of one against the rest."""
    classes = [1] if predicted.shape[1] == 2 else range(predicted.shape[1])
    parts = [_auc(labels == code, predicted[:, code]) for code in classes]

    def score(weights: Floats) -> float:
        areas = [area for part in parts if (area := part(weights)) is not None]
        return float(np.mean(areas)) if areas else 0.5

    return score


def _auc(positive: NDArray[np.bool_], scores: Floats) -> Callable[[Floats], float | None]:
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    is_positive = positive[order]

    def area(weights: Floats) -> float | None:
        weights = weights[order]
        above = np.add.reduceat(np.where(is_positive, weights, 0.0), starts)
        below = np.add.reduceat(np.where(is_positive, 0.0, weights), starts)
        pairs = above.sum() * below.sum()
        if pairs == 0:
            return None  # one class only: there is nothing to tell apart
        return float((above * (np.cumsum(below) - below / 2)).sum() / pairs)

    return area


def _rmse(labels: Labels, predicted: Floats) -> Scorer:
    mean = _mean_of(lambda labels, predicted: (predicted - labels) ** 2)(labels, predicted)
    return lambda weights: float(np.sqrt(mean(weights)))


_CLASSIFICATION = (
    Metric("log_loss", False, _mean_of(_log_losses)),
    Metric("brier", False, _mean_of(_briers)),
    Metric("roc_auc", True, _roc_auc),
    Metric("accuracy", True, _mean_of(_hits)),
)
_REGRESSION = (
    Metric("rmse", False, _rmse),
    Metric("mae", False, _mean_of(lambda labels, predicted: np.abs(predicted - labels))),
)
