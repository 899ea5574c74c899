"""A bet that may always be looked at: is what comes, one after the other, above zero in the mean?

A gambler who stakes a share of her money on "yes" cannot expect to gain if that is untrue, so
money multiplied by 1 / error_rate happens with at most that probability, however often one looks
(Ville's inequality). The stakes follow Waudby-Smith and Ramdas, "Estimating means of bounded random
variables by betting", JRSS B 86 (2024), section B.3 (aGRAPA).

That holds for rows that are independent. Rows of one day resemble one another: on the flights the
mean of a day spreads six to eighteen times as much as it would, and a bet on each row would
promote an equally good version far too often. So by default a bet is made on a day's mean, in
units of what the days before it were like.
"""

from array import array
from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["row", "day"]
_LARGEST_STAKE = 0.5
_USUAL_SPREADS = 2.0  # beyond so many, a day counts no more


class SequentialTest:
    """What is bet on, gathered row by row; in memory there is one number for each bet.

    Args:
        unit: what a bet is made on; rows of one day (UTC, by event time) need not be independent.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._rows = array("d")
        self._days: dict[date, tuple[float, int]] = {}

    def add(self, day: date, loss_reduction: float) -> None:
        """A difference in [-1, 1], in the order of time."""
        if self._unit == "row":
            self._rows.append(loss_reduction)
        else:
            total, count = self._days.get(day, (0.0, 0))
            self._days[day] = total + loss_reduction, count + 1

    def is_significant(self, error_rate: float, *, negative: bool = False) -> bool:
        """Whether the mean is proven to be above zero, or below; once proven, it stays so."""
        if self._unit == "row":
            test = np.array(self._rows)
        else:
            test = scaled([total / count for total, count in self._days.values()])
        money = e_process(-test if negative else test)
        return bool(len(money) and money.max() >= 1 / error_rate)


def scaled(means: Sequence[float]) -> NDArray[np.float64]:
    """Means of days as bets in [-1, 1]; the last day is left out, for it may not be over.

    The scale of a day is known before it: what the days before it spread, as a root mean square.
    What lies beyond is cut off on either side, which leaves a mean of zero at zero where ups are
    as large as downs.
    """
    whole = np.array(means[:-1])
    if len(whole) < 2:
        return np.empty(0)
    spread = np.sqrt(np.cumsum(whole**2) / np.arange(1, len(whole) + 1))[:-1]
    scale = np.maximum(_USUAL_SPREADS * spread, np.finfo(float).tiny)
    test: NDArray[np.float64] = np.clip(whole[1:] / scale, -1.0, 1.0)
    return test


def e_process(loss_reduction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Money after each bet of somebody who began with 1 and bets on a positive mean.

    Args:
        loss_reduction: differences in [-1, 1], shape (bets,), in the order in which they came.
    """
    count = np.arange(1, len(loss_reduction) + 1)
    mean = np.cumsum(loss_reduction) / (count + 1)
    variance = (0.25 + np.cumsum((loss_reduction - mean) ** 2)) / (count + 1)
    stakes = np.clip(mean / (variance + mean**2), 0.0, _LARGEST_STAKE)
    known_before = np.concatenate([[0.0], stakes[:-1]])
    money: NDArray[np.float64] = np.exp(np.cumsum(np.log1p(known_before * loss_reduction)))
    return money
