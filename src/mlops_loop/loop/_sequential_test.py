"""Sequential test of a mean above zero, valid at every look (an e-process by betting).

The e-process is the wealth of a gambler who bets on a positive mean. If the mean is not positive,
it reaches 1 / error_rate with at most the probability error_rate, however often one looks (Ville's
inequality). The stakes follow Waudby-Smith & Ramdas, "Estimating means of bounded random variables
by betting", JRSS B 86 (2024), section B.3 (aGRAPA).

That holds for independent rows. Rows of one day resemble each other: on the flights, daily means
vary six to eighteen times as much as those of independent rows, and a test by row would promote an
equally good version far too often. So by default the test uses daily means, scaled by the
variation of the previous days.
"""

from array import array
from collections.abc import Sequence
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["row", "day"]
_LARGEST_STAKE = 0.5
_CLIP = 2.0  # daily means are clipped at this multiple of their previous variation


class SequentialTest:
    """Collects differences in order of time, one number in memory for each bet.

    Args:
        unit: the unit of a bet: `row`, or `day` (UTC, by event time), whose rows need not be
            independent.
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._rows = array("d")
        self._days: dict[date, tuple[float, int]] = {}

    def add(self, day: date, loss_reduction: float) -> None:
        """Add a difference in [-1, 1]; called in order of time."""
        if self._unit == "row":
            self._rows.append(loss_reduction)
        else:
            total, count = self._days.get(day, (0.0, 0))
            self._days[day] = total + loss_reduction, count + 1

    def is_significant(self, error_rate: float, *, negative: bool = False) -> bool:
        """Whether the mean is significantly above zero, or below; once true, it stays true."""
        if self._unit == "row":
            test = np.array(self._rows)
        else:
            test = scaled([total / count for total, count in self._days.values()])
        process = e_process(-test if negative else test)
        return bool(len(process) and process.max() >= 1 / error_rate)


def scaled(means: Sequence[float]) -> NDArray[np.float64]:
    """Daily means scaled to [-1, 1]; the last day is left out, as it may be incomplete.

    The scale of a day is the root mean square of the previous days. Larger values are clipped on
    both sides, which keeps the mean of a symmetric distribution at zero.
    """
    complete = np.array(means[:-1])
    if len(complete) < 2:
        return np.empty(0)
    spread = np.sqrt(np.cumsum(complete**2) / np.arange(1, len(complete) + 1))[:-1]
    scale = np.maximum(_CLIP * spread, np.finfo(float).tiny)
    test: NDArray[np.float64] = np.clip(complete[1:] / scale, -1.0, 1.0)
    return test


def e_process(loss_reduction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wealth after each bet of a gambler who starts with 1 and bets on a positive mean.

    Args:
        loss_reduction: differences in [-1, 1], float64, shape (bets,), in order of time.
    """
    count = np.arange(1, len(loss_reduction) + 1)
    mean = np.cumsum(loss_reduction) / (count + 1)
    variance = (0.25 + np.cumsum((loss_reduction - mean) ** 2)) / (count + 1)
    stakes = np.clip(mean / (variance + mean**2), 0.0, _LARGEST_STAKE)
    previous_stakes = np.concatenate([[0.0], stakes[:-1]])
    process: NDArray[np.float64] = np.exp(np.cumsum(np.log1p(previous_stakes * loss_reduction)))
    return process
