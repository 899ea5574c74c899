"""Permutation importance: how much a metric worsens when the values of a feature are shuffled.

Breiman, Random Forests, Machine Learning 45 (2001), section 10; here on held-out rows.
"""

from collections.abc import Callable, Sequence

from sklearn.inspection import permutation_importance

from .._encoder import Matrix
from .._feature_set import FeatureSet
from ..contract._columns import Floats
from ._measured import Importance
from ._metric import Metric
from ._target import Labels

_ROWS = 5_000


class _Fitted:
    """A prediction function as an estimator for scikit-learn."""

    def __init__(self, predict: Callable[[Matrix], Floats]) -> None:
        self.predict = predict

    def fit(self, matrix: Matrix, labels: Labels) -> None:
        """Do nothing: it is fitted already."""


def importances(
    names: Sequence[str],
    matrix: Matrix,
    labels: Labels,
    predict: Callable[[Matrix], Floats],
    metric: Metric,
    seed: int,
) -> tuple[Importance, ...]:
    """The most important feature first, in units of the metric.

    Args:
        names: names of the matrix columns.
        matrix: held-out rows, shape (rows, columns); at most 5,000 of them are used.
        labels: class codes or values of the same rows.
        predict: the model, from a matrix to probabilities or values.
        metric: metric whose decrease is measured.
        seed: seed of the shuffling.
    """

    def score(model: _Fitted, rows: Matrix, labels: Labels) -> float:
        return metric.direction * metric.value(labels, model.predict(rows))

    result = permutation_importance(
        _Fitted(predict),
        matrix,
        labels,
        scoring=score,
        n_repeats=1,
        random_state=seed,
        max_samples=min(_ROWS, len(matrix)),
    )
    rows = zip(names, result.importances_mean.tolist(), strict=True)
    return tuple(
        sorted((Importance(*row) for row in rows), key=lambda importance: -importance.importance)
    )


def by_column(importances: Sequence[Importance], features: FeatureSet) -> dict[str, float]:
    """Importance by column of the contract; that of a declared feature is divided among its inputs.

    Parts of a date keep their names: dates are not compared.
    """
    totals: dict[str, float] = {}
    for each in importances:
        declared = features.declared.get(each.column)
        inputs = declared.inputs if declared is not None else (each.column,)
        for name in inputs:
            totals[name] = totals.get(name, 0.0) + each.importance / len(inputs)
    return totals
