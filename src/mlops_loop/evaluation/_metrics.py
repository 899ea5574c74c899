"""The metrics of the library."""

from collections.abc import Callable

import numpy as np

from ..contract._columns import Floats
from ..contract._model import Problem
from ._metric import Metric, MetricByProblem, Scorer, fitting
from ._target import Labels
from ._weighted_metrics import briers, hits, log_losses, mean_of, rmse_scorer, roc_auc_scorer

__all__ = [
    "DEFAULT_METRIC",
    "accuracy",
    "brier",
    "log_loss",
    "mae",
    "metric_of_model",
    "metrics_of",
    "rmse",
    "roc_auc",
]


def metrics_of(problem: Problem) -> dict[str, Metric]:
    """The metrics of the library that fit a kind of problem, by name."""
    return fitting(_OWN, problem)


def metric_of_model(name: str, problem: Problem) -> Metric:
    """The metric that a model was chosen by; the default one if the library does not have it."""
    return metrics_of(problem).get(name) or DEFAULT_METRIC.for_problem(problem)


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

log_loss = _own("log_loss", mean_of(log_losses), _CLASSES)
"""Mean negative logarithm of the probability of the label's class; less is better.

A strictly proper scoring rule: Gneiting & Raftery, "Strictly Proper Scoring Rules, Prediction, and
Estimation", JASA 102 (2007). Probabilities are clipped at 1e-7.

Examples:
    >>> round(log_loss.value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 3)
    0.693
"""
brier = _own("brier", mean_of(briers), _CLASSES)
"""Mean squared error of the probabilities; less is better.

For two classes that of the second class, for more classes the sum over all. A strictly proper
scoring rule: Brier, "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather
Review 78 (1950).

Examples:
    >>> brier.value(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    0.25
"""
roc_auc = _own("roc_auc", roc_auc_scorer, _CLASSES, greater_is_better=True)
"""Area under the ROC curve; greater is better.

The probability that a row of the class is ranked above a row of another class: Hanley & McNeil,
"The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve", Radiology
143 (1982). For more than two classes, the mean over one class versus the rest.

Examples:
    >>> roc_auc.value(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]))
    1.0
"""
accuracy = _own("accuracy", mean_of(hits), _CLASSES, greater_is_better=True)
"""Share of rows whose most probable class is the label; greater is better.

Examples:
    >>> accuracy.value(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    0.5
"""
rmse = _own("rmse", rmse_scorer, _VALUES)
"""Root mean squared error, in units of the target; less is better.

Examples:
    >>> rmse.value(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.4142135623730951
"""
mae = _own("mae", mean_of(lambda labels, predicted: np.abs(predicted - labels)), _VALUES)
"""Mean absolute error, in units of the target; less is better.

Examples:
    >>> mae.value(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
"""

_OWN = (log_loss, brier, roc_auc, accuracy, rmse, mae)
DEFAULT_METRIC = MetricByProblem(binary=log_loss, multiclass=log_loss, regression=rmse)
