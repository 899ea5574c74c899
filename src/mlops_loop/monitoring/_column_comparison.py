"""The drift threshold of one column, which allows for sampling error.

Evidently's distances do not depend on the sample size: two samples of the same hundred categories,
2000 rows each, have a distance of 0.12, above the usual threshold of 0.1. The threshold of a column
is therefore raised by the distance that chance exceeds with probability `alpha`, added in squares.
`alpha` is adjusted for the number of columns (Bonferroni correction).

- Jensen-Shannon: 8 n D² follows chi-square with (categories - 1) degrees of freedom.
- Wasserstein, in standard deviations: the distance of the means, 2.6 / sqrt(n) for one in 100.

Here n is n₁ n₂ / (n₁ + n₂). Rows of one day resemble each other, so that real data vary more: this
is a lower bound.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from scipy.stats import chi2

from ..contract._columns import Array, missing


@dataclass(frozen=True)
class ColumnComparison:
    """A column of the reference and of the window.

    Attributes:
        numeric: whether values are compared as numbers, not as categories.
        base_threshold: the threshold of the settings.
        alpha: probability of exceeding the threshold without a drift.
    """

    name: str
    reference: Array
    window: Array
    numeric: bool
    base_threshold: float
    alpha: float = 0.01

    @property
    def method(self) -> str:
        """Evidently's name of the distance."""
        return "wasserstein" if self.numeric else "jensenshannon"

    @property
    def statistic(self) -> str:
        """The name of the statistic in findings."""
        return "wasserstein" if self.numeric else "jensen_shannon"

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """How many values there are on both sides."""
        reference, window = (~missing(side) for side in (self.reference, self.window))
        return int(reference.sum()), int(window.sum())

    @cached_property
    def threshold(self) -> float:
        """The distance above which the column has drifted; both sides need values."""
        return math.hypot(self.base_threshold, self._chance())

    def _chance(self) -> float:
        first, second = self.sizes
        size = first * second / (first + second)
        if self.numeric:
            return NormalDist().inv_cdf(1 - self.alpha / 2) / math.sqrt(size)
        freedom = self._variety() - 1
        return math.sqrt(chi2.isf(self.alpha, freedom) / (8 * size)) if freedom else 0.0

    def _variety(self) -> int:
        values = np.concatenate([self.reference, self.window])
        return len(set(values[~missing(values)].tolist()))
