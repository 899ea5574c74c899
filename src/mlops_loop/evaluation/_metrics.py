"""Metrics: functions of labels and predictions, each with the direction that is better."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._project_code import describe, naming
from ..contract._columns import Floats
from ..contract._model import Problem
from ..errors import ProjectCodeError, SettingsError
from ._target import Labels

__all__ = [
    "DEFAULT_METRIC",
    "Metric",
    "MetricByProblem",
    "MetricChoice",
    "accuracy",
    "brier",
    "log_loss",
    "mae",
    "rmse",
    "roc_auc",
]

# The value of a metric under row weights of shape (rows,).
Scorer = Callable[[Floats], float]

_SMALLEST = 1e-7
_ALL: tuple[Problem, ...] = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Metric:
    """A named metric.

    Attributes:
        name: name on the leaderboard, in MLflow and on the model card.
        function: called with labels and predictions, returns a number. Labels are class codes
            (in the order of the contract's classes; int64) or values (float64), shape (rows,);
            predictions are probabilities, float64 of shape (rows, classes), or values, float64 of
            shape (rows,).
        greater_is_better: whether greater values are better.
        problems: kinds of problem that it is a metric of.
        weighted: the same metric, prepared once and computed for any row weights, which makes the
            bootstrap fast. Without it the bootstrap repeats the rows that it draws.

    Examples:
        >>> import numpy as np
        >>> def share_missed(labels, predicted):
        ...     return float((predicted[labels == 1, 1] < 0.5).mean())
        >>> missed = Metric(
        ...     "missed", share_missed, greater_is_better=False, problems=("binary",)
        ... )
        >>> missed.value(np.array([1, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]))
        0.5
    """

    name: str
    function: Callable[[Any, Floats], float]
    greater_is_better: bool
    problems: tuple[Problem, ...] = _ALL
    weighted: Callable[[Labels, Floats], Scorer] | None = field(default=None, repr=False)

    def value(self, labels: Labels, predicted: Floats) -> float:
        """The metric on all rows."""
        with naming("metric", self.function):
            value = self.function(labels, predicted)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise ProjectCodeError(
                f"the metric {describe(self.function)} returned {type(value).__name__}: expected a "
                "number"
            ) from error

    def scorer(self, labels: Labels, predicted: Floats) -> Scorer:
        """The metric as a function of row weights, which are integers."""
        if self.weighted is not None:
            with naming("metric", self.weighted):
                return self.weighted(labels, predicted)

        def score(weights: Floats) -> float:
            rows = np.repeat(np.arange(len(labels)), weights.astype(np.intp))
            return self.value(labels[rows], predicted[rows])

        return score

    @property
    def direction(self) -> float:
        """1 if greater is better, -1 for a loss."""
        return 1.0 if self.greater_is_better else -1.0

    def for_problem(self, problem: Problem) -> "Metric":
        """The metric itself.

        Raises:
            SettingsError: if it is a metric of another kind of problem, naming some that fit.
        """
        if problem not in self.problems:
            raise SettingsError(
                f"metrics.py: {self.name} is not a metric of a {problem} problem "
                f"(available: {', '.join(metrics_of(problem))})"
            )
        return self


@dataclass(frozen=True)
class MetricByProblem:
    """One metric for each kind of problem, so that `metrics.py` survives a change of the target.

    Attributes:
        binary: metric for two classes.
        multiclass: metric for more classes.
        regression: metric for numbers.

    Examples:
        >>> metric = MetricByProblem(binary=roc_auc, multiclass=log_loss, regression=mae)
        >>> metric.for_problem("binary").name
        'roc_auc'
    """

    binary: Metric
    multiclass: Metric
    regression: Metric

    def for_problem(self, problem: Problem) -> Metric:
        """The metric of a kind of problem.

        Raises:
            SettingsError: if it is not a metric of such problems.
        """
        metric: Metric = getattr(self, problem)
        return metric.for_problem(problem)


MetricChoice = Metric | MetricByProblem


def metrics_of(problem: Problem) -> dict[str, Metric]:
    """The metrics of the library that fit a kind of problem, by name."""
    return fitting(_OWN, problem)


def metric_of_model(name: str, problem: Problem) -> Metric:
    """The metric that a model was chosen by; the default one if the library does not have it."""
    return metrics_of(problem).get(name) or DEFAULT_METRIC.for_problem(problem)


def fitting(metrics: Iterable[Metric], problem: Problem) -> dict[str, Metric]:
    """Those metrics that fit a kind of problem, by name."""
    return {metric.name: metric for metric in metrics if problem in metric.problems}


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
    # For two classes both columns have the same error: count one, as is usual.
    return np.asarray(squares[:, 1] if predicted.shape[1] == 2 else squares.sum(axis=1))


def _hits(labels: Labels, predicted: Floats) -> Floats:
    return np.asarray(predicted.argmax(axis=1) == labels, dtype=np.float64)


def _roc_auc(labels: Labels, predicted: Floats) -> Scorer:
    """Area under the ROC curve; for several classes the mean over one class versus the rest."""
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
            return None  # undefined with one class
        return float((above * (np.cumsum(below) - below / 2)).sum() / pairs)

    return area


def _rmse(labels: Labels, predicted: Floats) -> Scorer:
    mean = _mean_of(lambda labels, predicted: (predicted - labels) ** 2)(labels, predicted)
    return lambda weights: float(np.sqrt(mean(weights)))


def _own(
    name: str,
    weighted: Callable[[Labels, Floats], Scorer],
    problems: tuple[Problem, ...],
    *,
    greater_is_better: bool = False,
) -> Metric:
    def function(labels: Labels, predicted: Floats) -> float:
        return weighted(labels, predicted)(np.ones(len(labels)))

    return Metric(name, function, greater_is_better, problems, weighted)


_CLASSES: tuple[Problem, ...] = ("binary", "multiclass")
_VALUES: tuple[Problem, ...] = ("regression",)

log_loss = _own("log_loss", _mean_of(_log_losses), _CLASSES)
"""Mean negative logarithm of the probability of the label's class; less is better.

A strictly proper scoring rule: Gneiting & Raftery, "Strictly Proper Scoring Rules, Prediction, and
Estimation", JASA 102 (2007). Probabilities are clipped at 1e-7.

Examples:
    >>> round(log_loss.value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 3)
    0.693
"""
brier = _own("brier", _mean_of(_briers), _CLASSES)
"""Mean squared error of the probabilities; less is better.

For two classes that of the second class, for more classes the sum over all. A strictly proper
scoring rule: Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
Review 78 (1950).

Examples:
    >>> brier.value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    0.25
"""
roc_auc = _own("roc_auc", _roc_auc, _CLASSES, greater_is_better=True)
"""Area under the ROC curve; greater is better.

The probability that a row of the class is ranked above a row of another class: Hanley & McNeil,
"The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve", Radiology
143 (1982). For more than two classes, the mean over one class versus the rest.

Examples:
    >>> roc_auc.value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))
    1.0
"""
accuracy = _own("accuracy", _mean_of(_hits), _CLASSES, greater_is_better=True)
"""Share of rows whose most probable class is the label; greater is better.

Examples:
    >>> accuracy.value(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    0.5
"""
rmse = _own("rmse", _rmse, _VALUES)
"""Root mean squared error, in units of the target; less is better.

Examples:
    >>> rmse.value(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.4142135623730951
"""
mae = _own("mae", _mean_of(lambda labels, predicted: np.abs(predicted - labels)), _VALUES)
"""Mean absolute error, in units of the target; less is better.

Examples:
    >>> mae.value(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
"""

_OWN = (log_loss, brier, roc_auc, accuracy, rmse, mae)
DEFAULT_METRIC = MetricByProblem(binary=log_loss, multiclass=log_loss, regression=rmse)
