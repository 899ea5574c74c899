"""Paired cluster bootstrap: confidence bounds of a metric, or of the difference of two models.

Efron & Tibshirani, An Introduction to the Bootstrap (1993); whole clusters of rows (days, groups)
are resampled, because rows of one cluster resemble each other: Davison & Hinkley, Bootstrap Methods
and their Application (1997), section 3.8. A few clusters vary more than their resamples show, so
the percentiles are moved outwards: Hesterberg, "What Teachers Should Know About the Bootstrap", The
American Statistician 69 (2015). Clusters of unequal size count as fewer: Carter, Schnepel &
Steigerwald, "Asymptotic Behavior of a t-Test Robust to Cluster Heterogeneity", Review of Economics
and Statistics 99 (2017).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract._columns import Columns, Floats, length, missing
from ..contract._model import Contract
from ._interval import Interval
from ._metric import Scorer

# With fewer clusters than this, their variance is not known well enough; rows are drawn instead.
_FEWEST_CLUSTERS = 5


@dataclass(frozen=True)
class Resampling:
    """How rows are resampled, and the confidence of an interval.

    Attributes:
        clusters: number of the cluster of each row, counted from 0; rows of one cluster are
            drawn together.
        confidence: confidence level of each bound of an interval.
    """

    clusters: NDArray[np.int64]
    resamples: int
    confidence: float
    seed: int

    def scores(self, scorers: Sequence[Scorer]) -> Floats:
        """Shape (resamples, scorers): every scorer sees the same draws, hence paired."""
        return np.array([[scorer(weights) for scorer in scorers] for weights in self._draws()])

    def of(self, rows: NDArray[np.intp]) -> "Resampling":
        """The same for a part of the rows, one by one if they are of too few clusters."""
        return replace(self, clusters=_numbered(self.clusters[rows]))

    def interval(self, value: float, draws: Floats, confidence: float | None = None) -> Interval:
        """Percentile interval around the value on all rows, wider for few clusters.

        Args:
            value: the estimate on all rows.
            draws: the same on each resample.
            confidence: confidence level of each bound, if not that of the resampling.
        """
        tail = few_clusters_tail(1 - (confidence or self.confidence), self.degrees_of_freedom)
        low, high = np.quantile(draws, [tail, 1 - tail])
        return Interval(value, float(low), float(high))

    @property
    def degrees_of_freedom(self) -> float:
        """Of the variance between clusters: their effective number minus one, at least one."""
        sizes = np.bincount(self.clusters).astype(np.float64)
        return max(float(sizes.sum() ** 2 / np.square(sizes).sum()) - 1, 1.0)

    def _draws(self) -> Iterator[Floats]:
        rng = np.random.default_rng(self.seed)
        count = int(self.clusters.max()) + 1
        for _ in range(self.resamples):
            drawn = np.bincount(rng.integers(0, count, count), minlength=count)
            yield drawn[self.clusters].astype(np.float64)


def few_clusters_tail(tail: float, degrees_of_freedom: float) -> float:
    """Which share of the resamples lies beyond a bound that is beyond the truth in a share `tail`.

    Args:
        tail: wanted share of intervals whose bound is on the wrong side of the truth.
        degrees_of_freedom: see `Resampling.degrees_of_freedom`.

    Examples:
        >>> round(few_clusters_tail(0.05, 5), 3), round(few_clusters_tail(0.05, 1000), 3)
        (0.014, 0.05)
    """
    from scipy.special import stdtrit

    widened = float(stdtrit(degrees_of_freedom, tail)) * (1 + 1 / degrees_of_freedom) ** 0.5
    return NormalDist().cdf(widened)


def clusters(contract: Contract, columns: Columns) -> NDArray[np.int64]:
    """The number of each row's cluster: its group, else its day, else each row is its own."""
    keys: NDArray[np.generic] | None = None
    if contract.group is not None:
        keys = columns[contract.group.name]
        keys = np.where(missing(keys), "", keys.astype(str))
    elif contract.time is not None:
        keys = columns[contract.time.name].astype("datetime64[D]")
    if keys is not None:
        return _numbered(keys)
    return np.arange(length(columns), dtype=np.int64)


def _numbered(keys: NDArray[Any]) -> NDArray[np.int64]:
    """Clusters counted from 0; each row is its own if there are too few."""
    found, inverse = np.unique(keys, return_inverse=True)
    return np.asarray(inverse if len(found) >= _FEWEST_CLUSTERS else np.arange(len(keys)))
