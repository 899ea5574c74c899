"""A score test whose variance is that of the sums of days or groups.

Rao & Scott, "On chi-squared tests for multiway contingency tables", Annals of Statistics 12 (1984),
with Satterthwaite's degrees of freedom.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as fisher

from ..contract._columns import Floats


def cluster_sums(gradients: Floats, groups: NDArray[np.int64]) -> Floats:
    """The sum of the rows of each cluster, shape (clusters, columns)."""
    count = int(groups.max()) + 1
    sums: Floats = np.stack([np.bincount(groups, column, count) for column in gradients.T], axis=1)
    return sums


def score_chance(
    score: NDArray[Any], inverse: NDArray[Any], effects: NDArray[Any], clusters: int
) -> float:
    """The probability of such a score by chance.

    Args:
        score: sum of the gradients.
        inverse: inverse of their covariance if rows are independent.
        effects: design effects, the eigenvalues of the clustered covariance times the inverse.
        clusters: number of clusters.
    """
    # Few rows of a kind make their spread look smaller than it is.
    effects = np.maximum(effects, 1.0)
    freedom = effects.sum() ** 2 / (effects**2).sum()
    statistic = float(score @ inverse @ score) / effects.sum()
    return float(fisher.sf(statistic, freedom, freedom * max(clusters - 1, 1)))
