"""Residuals of one side of a column, by day or group, and the pairs of rows that they form."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..contract._columns import Floats

# Days that are further apart have nothing in common.
_LAGS = 60


@dataclass(frozen=True)
class ClusterSums:
    """The residuals of one side of a column, by cluster.

    Attributes:
        counts: rows of each cluster, in the order of time for days, shape (clusters,).
        sums: sums of their residuals, shape (clusters, dimensions).
        squares: sums of all squared residuals, shape (dimensions,).
    """

    counts: Floats
    sums: Floats
    squares: Floats

    @classmethod
    def of(
        cls, values: NDArray[np.generic], clusters: NDArray[np.int64], shares: Floats | None = None
    ) -> "ClusterSums":
        """Sum up numbers, in one dimension, or codes of categories, in standard deviations.

        Args:
            values: the numbers or codes.
            clusters: the cluster of each row.
            shares: of the categories on both sides together; None for numbers.
        """
        counts = np.bincount(clusters)
        present = counts > 0
        n, rows = counts[present].astype(np.float64), len(values)
        if shares is None:
            residuals = values.astype(np.float64) - values.mean()
            totals = np.bincount(clusters, weights=residuals)[present].astype(np.float64)
            return cls(n, totals[:, np.newaxis], np.array([residuals @ residuals]))
        levels = len(shares)
        cells = clusters * levels + values.astype(np.int64)
        table = np.bincount(cells, minlength=len(counts) * levels).reshape(-1, levels)[present]
        own, spread = table.sum(axis=0) / rows, np.sqrt(
            np.maximum(shares * (1 - shares), 1 / rows**2)
        )
        sums = (table - n[:, np.newaxis] * own) / spread
        return cls(n, sums, rows * own * (1 - own) / spread**2)

    @cached_property
    def rows(self) -> float:
        return float(self.counts.sum())

    def pairs(self, lag: int) -> float:
        """How many pairs of rows lie so many clusters apart."""
        return self._pairs[lag] if lag < len(self._pairs) else 0.0

    @cached_property
    def _pairs(self) -> list[float]:
        n = self.counts
        lags = range(1, min(_LAGS, len(n) - 1) + 1)
        return [float(n @ n) - self.rows, *(float(n[:-lag] @ n[lag:]) for lag in lags)]

    @cached_property
    def products(self) -> tuple[Floats, Floats]:
        """Sums of the products of their residuals at lags 0 and 1, by dimension."""
        same: Floats = (self.sums**2).sum(axis=0) - self.squares
        following: Floats = (self.sums[:-1] * self.sums[1:]).sum(axis=0)
        return same, following

    @cached_property
    def weights(self) -> Floats:
        """By lag, the share of all pairs of rows that lie so far apart."""
        pairs = np.array(self._pairs)
        pairs[1:] *= 2
        return np.asarray(pairs / self.rows**2)
