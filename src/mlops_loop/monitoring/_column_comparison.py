"""The distance of one column of the window from the reference, and the threshold of it.

Numbers are limited to the range between the 1st and the 99th percentile of the reference, so that
single values do not decide (winsorising: Dixon, Annals of Mathematical Statistics 31, 1960), and
divided by their standard deviation. If that is zero, what counts is whether they are below, in or
above that range, as categories.

Distances do not depend on the sample size: two samples of the same hundred categories, 2000 rows
each, have a distance of 0.12. The threshold is therefore `drift_threshold`, and what chance exceeds
with probability `alpha`, added in squares.

- Wasserstein: by chance, the difference of the means. In an independent column of n rows on both
  sides it is 3.4 √(2/n) for one in 1,500.
- Jensen-Shannon: the mean and the spread of the squared distance in draws from all rows of both
  sides (permutation test), approximated by a scaled chi-square that is corrected for the design
  effects of the categories (Rao & Scott, Annals of Statistics 12, 1984).

Two normal distributions that lie d standard deviations apart have a Jensen-Shannon distance of
d/√8: so much smaller is `drift_threshold` for categories.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, wasserstein_distance

from ..contract._columns import Array, Floats, missing
from ._sampling_error import Series

_LOWEST, _HIGHEST = 0.01, 0.99
# A smaller range than this, relative to the values, is rounding.
_ROUNDING = 1e-9
_DRAWS = 100


@dataclass(frozen=True)
class ColumnComparison:
    """A column of the reference and of the window.

    Attributes:
        numeric: whether values are numbers, not categories.
        drift_threshold: that of the settings, in standard deviations.
        alpha: probability of exceeding the threshold without a drift.
    """

    name: str
    reference: Array
    window: Array
    numeric: bool
    drift_threshold: float
    alpha: float = 0.01

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """How many values there are on both sides."""
        reference, window = (~missing(side) for side in (self.reference, self.window))
        return int(reference.sum()), int(window.sum())

    @property
    def statistic(self) -> str:
        """The name of the statistic in findings."""
        return "jensen_shannon" if self.series.levels else "wasserstein"

    @cached_property
    def series(self) -> Series:
        """The values that are compared; both sides need some."""
        rows = ~missing(self.reference), ~missing(self.window)
        reference, window = self.reference[rows[0]], self.window[rows[1]]
        if self.numeric:
            low, high = np.quantile(reference, [_LOWEST, _HIGHEST])
            if high - low > _ROUNDING * max(abs(low), abs(high)):
                sides = [np.clip(side, low, high) for side in (reference, window)]
                spread = sides[0].std()
                return Series(sides[0] / spread, sides[1] / spread, rows)
            reference, window = (_position(side, low, high) for side in (reference, window))
        codes, levels = _coded(reference, window)
        return Series(codes[: len(reference)], codes[len(reference) :], rows, levels)

    @cached_property
    def distance(self) -> float:
        reference, window = self.series.reference, self.series.window
        if not self.series.levels:
            return float(wasserstein_distance(reference, window))
        return float(jensenshannon(*self._counts))

    @cached_property
    def by_chance(self) -> float:
        """The distance that chance exceeds with probability `alpha`."""
        if not self.series.levels:
            return self.series.by_chance(self.alpha)
        return math.sqrt(self._squares_by_chance())

    @cached_property
    def threshold(self) -> float:
        """The distance from which on the column has drifted."""
        scale = math.sqrt(8) if self.series.levels else 1.0
        return math.hypot(self.drift_threshold / scale, self.by_chance)

    @property
    def times_threshold(self) -> float:
        """The distance in thresholds."""
        return self.distance / self.threshold

    @property
    def has_drifted(self) -> bool:
        """Whether the distance reaches the threshold."""
        return self.times_threshold >= 1

    @property
    def _counts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        sides, levels = (self.series.reference, self.series.window), self.series.levels
        reference, window = (np.bincount(side, minlength=levels) for side in sides)
        return reference, window

    def _squares_by_chance(self) -> float:
        reference, window = self._counts
        total, rows = reference + window, int(window.sum())
        rng = np.random.default_rng(0)
        draws = rng.multivariate_hypergeometric(total, rows, size=_DRAWS, method="marginals")
        squares = jensenshannon(draws, total - draws, axis=1) ** 2
        mean, effect = float(squares.mean()), 1 + sum(self.series.added(self.alpha))
        variance = float(squares.var())
        if not variance:  # one row of its own level, on sides of the same size
            return mean * effect
        freedom = 2 * mean**2 / variance / self.series.unevenness(self.alpha)
        return float(chi2.isf(self.alpha, freedom)) / freedom * mean * effect


def _position(values: Floats, low: float, high: float) -> Floats:
    room = _ROUNDING * max(abs(low), abs(high))
    return (values > high + room).astype(np.float64) - (values < low - room)


def _coded(reference: Array, window: Array) -> tuple[NDArray[np.intp], int]:
    both: NDArray[Any] = np.concatenate([reference, window])
    values, codes = np.unique(
        both.astype(str) if both.dtype == object else both, return_inverse=True
    )
    return codes.ravel(), len(values)
