"""Paired cluster bootstrap: confidence bounds of a metric, or of the difference of two models.

Efron & Tibshirani, An Introduction to the Bootstrap (1993); whole clusters of rows (days, groups)
are resampled, because rows of one cluster resemble each other: Davison & Hinkley, Bootstrap Methods
and their Application (1997), section 3.8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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

    def part_scores(
        self, parts: Sequence[NDArray[np.intp]], scorers: Sequence[Sequence[Scorer]]
    ) -> Floats:
        """Shape (resamples, parts, scorers of a part); NaN where a draw has no row of a part."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.array(
                [
                    [
                        [scorer(weights[rows]) for scorer in each]
                        for rows, each in zip(parts, scorers)
                    ]
                    for weights in self._draws()
                ]
            )

    def interval(self, value: float, draws: Floats) -> Interval:
        """Percentile interval around the value on all rows; each bound has the confidence."""
        tail = 1 - self.confidence
        low, high = np.quantile(draws, [tail, 1 - tail])
        return Interval(value, float(low), float(high))

    def _draws(self) -> Iterator[Floats]:
        rng = np.random.default_rng(self.seed)
        count = int(self.clusters.max()) + 1
        for _ in range(self.resamples):
            drawn = np.bincount(rng.integers(0, count, count), minlength=count)
            yield drawn[self.clusters].astype(np.float64)


def clusters(contract: Contract, columns: Columns) -> NDArray[np.int64]:
    """The number of each row's cluster: its group, else its day, else each row is its own."""
    keys: NDArray[np.generic] | None = None
    if contract.group is not None:
        keys = columns[contract.group.name]
        keys = np.where(missing(keys), "", keys.astype(str))
    elif contract.time is not None:
        keys = columns[contract.time.name].astype("datetime64[D]")
    if keys is not None:
        found, inverse = np.unique(keys, return_inverse=True)
        if len(found) >= _FEWEST_CLUSTERS:
            return np.asarray(inverse, dtype=np.int64)
    return np.arange(length(columns), dtype=np.int64)
