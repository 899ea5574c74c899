"""Permutation importance: how much worse a model gets when a feature's values are shuffled.

Breiman, Random Forests, Machine Learning 45 (2001), section 10; here on held-out rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..encoder import Matrix
from ..evaluation.metrics import Floats, Metric
from ..evaluation.target import Truth

_ROWS = 5_000


@dataclass(frozen=True)
class Importance:
    """By how much the metric gets worse without a feature, in units of the metric."""

    feature: str
    loss: float


def importances(
    names: Sequence[str],
    matrix: Matrix,
    truth: Truth,
    predict: Callable[[Matrix], Floats],
    metric: Metric,
    seed: int,
) -> tuple[Importance, ...]:
    """The most important feature first.

    Args:
        names: of the matrix columns.
        matrix: held-out rows; at most 5,000 of them are used.
        truth: class codes or values of the same rows.
        predict: the model, from a matrix to probabilities or values.
        metric: what gets worse.
        seed: of the shuffling.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(matrix))[:_ROWS]
    rows, outcome = matrix[chosen], truth[chosen]
    whole = metric.value(outcome, predict(rows))
    found = []
    for at, name in enumerate(names):
        shuffled = rows.copy()
        shuffled[:, at] = rng.permutation(rows[:, at])
        loss = metric.direction * (whole - metric.value(outcome, predict(shuffled)))
        found.append(Importance(name, float(loss)))
    return tuple(sorted(found, key=lambda one: -one.loss))
