"""How much rows of one day, or of one group, resemble each other.

Two rows of one day have the covariance γ, two of days that are k days apart γ ρᵏ: a random effect
of the day that follows a first-order autoregression. γ is the mean product of the residuals of such
pairs. Residuals are taken from the mean of each side, so that their products are too small by the
variance of that mean, which is added (Kendall, Biometrika 41, 1954). As two to four weeks say
little about ρ, that of a column is drawn to the mean of all columns. Groups have no order: ρ is 0.

With few days this is closer to the truth than kernel estimates of the same variance, which are too
small (Newey & West, Econometrica 55, 1987; Andrews & Monahan, Econometrica 60, 1992).
"""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from ._cluster_sums import ClusterSums

_HIGHEST_CORRELATION = 0.9
_ITERATIONS = 6
# If the days of the window differ so many times more than those of the reference, something has
# changed within the window, and the reference alone says what is usual.
_CHANGED_WITHIN = 4.0
# An effect that is not larger than this, in variances of independent rows, may be noise.
_NOISE_OF_EFFECT = 0.3
_TINY = 1e-300


class ClusterEffect:
    """The effect of the clusters on one column.

    Attributes:
        covariance: of two rows of one cluster, summed over the dimensions.
        next_covariance: of two rows of clusters that follow each other.
        correlation: of the effects of such clusters.
    """

    def __init__(
        self, reference: ClusterSums, window: ClusterSums, variance: float, *, ordered: bool
    ) -> None:
        self._ordered, self._variance = ordered, variance
        self._sides = (reference, window)
        self._used: tuple[ClusterSums, ...] = self._sides
        usual, now = (self._upper(side) for side in self._sides)
        if len(reference.counts) >= len(window.counts) / 3 and now > _CHANGED_WITHIN * usual:
            self._used = (reference,)
        # With one row a day, only rows of different days make a pair.
        self._lag = 0 if self._pairs(0) else 1
        self._noise = self._noise_of(self._used, self._lag)
        self.correlation = 0.0
        self.covariance = self._mean_product(self._lag)
        self.next_covariance = self._mean_product(1) if ordered else 0.0

    @property
    def standardised(self) -> tuple[float, float]:
        """Covariance of neighbouring clusters and of one cluster, in variances of the column."""
        return self.next_covariance / self._variance, self._upper_covariance / self._variance

    def fit(self, pooled: float) -> None:
        """One iteration, given the correlation of all columns together."""
        if self._ordered:
            own = limited(self.next_covariance / self._upper_covariance)
            self.correlation = max(pooled, (own + pooled) / 2)
        covariance = self._mean_product(self._lag) + self._centring(self._lag)
        if self._ordered:
            self.next_covariance = self._mean_product(1) + self._centring(1)
        self.covariance = covariance

    @property
    def added(self) -> float:
        """What clusters add to the variance of the difference of the means.

        It is in units of what independent rows have.
        """
        independent = sum(1 / side.rows for side in self._sides)
        lags = sum(self._sum_by_lag(side) for side in self._sides)
        covariance = max(self.covariance, 0.0) + self._noise / 3
        return covariance / self._variance * lags / independent

    @cached_property
    def unevenness(self) -> float:
        """How unevenly the effect is spread over the dimensions: 1 if evenly, their number if one.

        It is the mean of the squared eigenvalues of the covariance of the effects, relative to
        their squared mean: at least that of its diagonal. The products of sums of the one side and
        the other estimate it without a bias.
        """
        dimensions = max(self._sides[0].sums.shape[1] - 1, 1)
        diagonal = np.maximum(sum(side.products[self._lag] for side in self._used), 0.0)
        by_level = dimensions * float(diagonal @ diagonal) / max(float(diagonal.sum()) ** 2, _TINY)
        sums = [side.sums / np.sqrt(side.counts)[:, np.newaxis] for side in self._sides]
        traces = [float((side**2).sum(axis=1).mean()) / dimensions for side in sums]
        squares = float(((sums[0] @ sums[1].T) ** 2).mean()) / dimensions
        # Independent rows have 1, the effect has what is above it.
        effect = max(math.sqrt(traces[0] * traces[1]) - 1, 0.0)
        uneven = (squares - 1 - 2 * effect) / (effect + _NOISE_OF_EFFECT) ** 2
        return float(min(max(uneven, by_level, 1.0), dimensions))

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the variance; correlated clusters count for less.

        Half of them, as the correlation is estimated as well, and effects may be skewed.
        """
        squared = self.correlation**2
        clusters = sum(len(side.counts) - 1 for side in self._used)
        return max(clusters * (1 - squared) / (1 + squared) / 2, 3.0)

    @property
    def _upper_covariance(self) -> float:
        """The covariance plus its standard error, so that noise alone has no correlation."""
        return max(self.covariance, 0.0) + self._noise

    def _pairs(self, lag: int) -> float:
        return sum(side.pairs(lag) for side in self._used)

    def _mean_product(self, lag: int) -> float:
        pairs = self._pairs(lag)
        return sum(float(side.products[lag].sum()) for side in self._used) / pairs if pairs else 0.0

    def _sum_by_lag(self, side: ClusterSums) -> float:
        return float(side.weights @ self.correlation ** np.arange(len(side.weights)))

    def _centring(self, lag: int) -> float:
        """By how much the mean product is too small."""
        pairs, covariance = self._pairs(lag), max(self.covariance, 0.0)
        if not pairs:
            return 0.0
        return sum(
            side.pairs(lag) / pairs * (self._variance / side.rows + covariance * by_lag)
            for side, by_lag in ((side, self._sum_by_lag(side)) for side in self._used)
        )

    def _noise_of(self, sides: Sequence[ClusterSums], lag: int = 0) -> float:
        """The standard error of the covariance of independent rows."""
        pairs = sum(side.pairs(lag) for side in sides)
        dimensions = max(sides[0].sums.shape[1] - 1, 1)
        return self._variance * (math.sqrt(2 / pairs / dimensions) if pairs else 1.0)

    def _upper(self, side: ClusterSums) -> float:
        pairs = side.pairs(0)
        product = float(side.products[0].sum()) / pairs if pairs else 0.0
        return max(product, 0.0) + self._noise_of([side])


def fit(effects: Sequence[ClusterEffect]) -> None:
    """Fit the effects of all columns, whose correlations are drawn to their mean."""
    for _ in range(_ITERATIONS):
        following, same = zip(*(effect.standardised for effect in effects), strict=True)
        pooled = limited(sum(following) / sum(same))
        for effect in effects:
            effect.fit(pooled)


def limited(correlation: float) -> float:
    return min(max(correlation, 0.0), _HIGHEST_CORRELATION)
