"""One column on both sides, and how large its distance may become by chance alone.

Evidently's distances have no sample size in them: two samples of the same hundred categories,
2000 rows each, are 0.12 apart, above the usual threshold of 0.1. The threshold of a column is
therefore raised by what chance exceeds in a share `alpha` of all windows, added as squares, as
errors are. The more columns are looked at, the rarer: by Bonferroni's correction it is the share
for all of them divided by their number.

- Jensen-Shannon: 8 n D² follows chi-square with (categories - 1) degrees of freedom.
- Wasserstein, in standard deviations: the distance of the means, 2.6 / sqrt(n) for one in 100.

Here n stands for n₁ n₂ / (n₁ + n₂), as in every comparison of two samples. Rows of one day
resemble one another, so real data needs more room than this: it is the floor, not the last word.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
from scipy.stats import chi2

from ..contract.columns import Array, missing


@dataclass(frozen=True)
class ColumnComparison:
    """A column of the reference and of the window.

    Attributes:
        numeric: whether values are compared by distance, and not by their shares.
        base_threshold: the distance that the settings allow.
        alpha: share of windows without a drift in which chance may exceed what is added.
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
        """Our name of it."""
        return "wasserstein" if self.numeric else "jensen_shannon"

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """How many values there are on both sides."""
        reference, window = (~missing(side) for side in (self.reference, self.window))
        return int(reference.sum()), int(window.sum())

    @cached_property
    def threshold(self) -> float:
        """From which distance the column drifted; both sides must have values."""
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
