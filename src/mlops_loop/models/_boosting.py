"""Default parameters of gradient-boosted trees, in the terms of no library.

Chosen on public tables: the benchmarks of the repository compare them with scikit-learn's own.
"""

from typing import NamedTuple

from . import Task


class BoostingDefaults(NamedTuple):
    """Many small trees, each split on a random half of the columns.

    A number says more about its row than a class, so that a regression takes larger trees, and more
    of them. Rows of one day or one group resemble one another, and large trees overfit to that.

    Attributes:
        learning_rate: weight of each tree.
        trees: number of trees, for each class of more than two.
        leaves: leaves of a tree at most.
        leaf_rows: rows of a leaf at least.
        l2: L2 regularization of the values of the leaves.
        column_share: share of the columns that are tried for a split.
    """

    learning_rate: float
    trees: int
    leaves: int
    leaf_rows: int
    l2: float = 1.0
    column_share: float = 0.5


def boosting_defaults(task: Task) -> BoostingDefaults:
    """Defaults for a task; more independent rows take larger trees."""
    if task.is_clustered:
        return BoostingDefaults(
            0.1, trees=100, leaves=8, leaf_rows=max(task.rows // 50, 20), l2=10.0
        )
    if task.is_regression:
        return BoostingDefaults(0.07, trees=300, leaves=_leaves(task.rows // 300), leaf_rows=10)
    return BoostingDefaults(0.1, trees=150, leaves=_leaves(task.rows // 4000), leaf_rows=20)


def _leaves(number: int) -> int:
    return min(max(number, 8), 31)
