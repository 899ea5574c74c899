"""A metric: a function of labels and predictions, and the direction that is better."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._project_code import describe, naming
from ..contract._columns import Floats
from ..contract._model import Problem
from ..errors import ProjectCodeError, SettingsError
from ._target import Labels

# The value of a metric under row weights of shape (rows,).
Scorer = Callable[[Floats], float]

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
            from ._metrics import metrics_of

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


def fitting(metrics: Iterable[Metric], problem: Problem) -> dict[str, Metric]:
    """Those metrics that fit a kind of problem, by name."""
    return {metric.name: metric for metric in metrics if problem in metric.problems}
