"""A share of the rows, e.g. of missing values, in the window and in the reference."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ._sampling_error import Series


@dataclass(frozen=True)
class ShareComparison:
    """A share of the rows on both sides.

    Attributes:
        column: the column concerned; None for the rows as a whole.
        statistic: name of the share, e.g. `missing_share`.
        reference: which rows of the reference count, bool, shape (rows,).
        window: which rows of the window count.
        alpha: probability of exceeding the limits without a change.
    """

    column: str | None
    statistic: str
    reference: NDArray[np.bool_]
    window: NDArray[np.bool_]
    alpha: float

    @cached_property
    def series(self) -> Series:
        return Series.of_shares(self.reference, self.window)

    @property
    def before(self) -> float:
        return float(self.reference.mean())

    @property
    def value(self) -> float:
        return float(self.window.mean())

    def highest(self, least: float) -> float:
        """The share above which it rose: by `least`, and by more than chance explains."""
        limit = self.before + max(least, self.series.by_chance(self.alpha))
        return min(limit, max(self.before, 0.999))

    def lowest(self, least: float) -> float:
        """The share below which it fell."""
        return self.before - max(least, self.series.by_chance(self.alpha))
