"""Group-sequential test of a mean, valid at every look: O'Brien & Fleming's boundary.

The sum of the differences is compared with a boundary that stays the same at every look, so that
looking again and again exceeds it with the probability `error_rate` in all: O'Brien & Fleming, "A
Multiple Testing Procedure for Clinical Trials", Biometrics 35 (1979), as the spending function of
Lan & DeMets, "Discrete Sequential Boundaries for Clinical Trials", Biometrika 70 (1983). Early
looks ask for overwhelming evidence, the last one for hardly more than an ordinary test. The bounds
are a repeated confidence interval: Jennison & Turnbull, "Interim Analyses", JRSS B 51 (1989).

Rows of one day resemble each other, and so do neighbouring days: by default the unit is the day,
and the variance of the mean is that of a first-order autoregression. Days are skewed: a bound
towards which they have their tail is moved as far as Hall's transformation asks (JRSS B 54, 1992).
What no test can know is a rare catastrophe that has not happened during the trial.
"""

from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm
from scipy.stats import t as student

from ..evaluation._autocorrelation import variance_inflation
from ..evaluation._interval import Interval

Unit = Literal["row", "day"]
# With fewer units their variance is not known well enough for a conclusion.
FEWEST_UNITS = 7

Floats = NDArray[np.float64]


class SequentialTest:
    """Collects differences in order of time.

    Args:
        unit: the unit that is taken for (nearly) independent: `row`, or `day` (UTC, by event time).
    """

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._totals: dict[object, tuple[float, int]] = {}

    def add(self, day: date, difference: float) -> None:
        """Add the difference of one row."""
        unit = day if self._unit == "day" else len(self._totals)
        total, rows = self._totals.get(unit, (0.0, 0))
        self._totals[unit] = total + difference, rows + 1

    def __len__(self) -> int:
        """Number of units."""
        return len(self._totals)

    def interval(self, error_rate: float, elapsed: float) -> Interval | None:
        """The mean of the rows with its repeated confidence interval; None with too few units.

        Args:
            error_rate: probability that the interval misses the mean at any look.
            elapsed: share of the planned duration that is over, in (0, 1].
        """
        if len(self) < FEWEST_UNITS:
            return None
        totals, rows = np.array(list(self._totals.values()), dtype=np.float64).T
        return repeated_interval(totals, rows, error_rate, elapsed)


def repeated_interval(totals: Floats, rows: Floats, error_rate: float, elapsed: float) -> Interval:
    """The mean of the rows with its repeated confidence interval.

    Args:
        totals: sum of the differences of each unit, shape (units,), in order of time.
        rows: number of rows of each unit, shape (units,).
        error_rate: probability that the interval misses the mean at any look.
        elapsed: share of the planned duration that is over, in (0, 1].
    """
    mean = float(totals.sum() / rows.sum())
    spread = _spread(totals - mean * rows)
    error = spread.deviation * sqrt(len(totals)) / float(rows.sum())
    boundary = norm.isf(error_rate / 2) / sqrt(elapsed)
    critical = float(student.isf(norm.sf(boundary), spread.freedom))
    skew = spread.skewness / sqrt(len(totals))
    below, above = _widened(critical, skew), _widened(critical, -skew)
    return Interval(mean, mean - below * error, mean + above * error)


@dataclass(frozen=True)
class _Spread:
    """The long-run standard deviation of units, degrees of freedom, and skewness."""

    deviation: float
    freedom: float
    skewness: float


def _spread(residuals: Floats) -> _Spread:
    count, squares = len(residuals), float((residuals**2).sum())
    if squares <= np.finfo(float).tiny:
        return _Spread(0.0, count - 1, 0.0)
    inflation = variance_inflation(residuals)
    return _Spread(
        deviation=sqrt(squares / (count - 1) * inflation),
        freedom=max(count / inflation, 3.0) - 1,
        skewness=float((residuals**3).mean()) / (squares / count) ** 1.5,
    )


def _widened(critical: float, skew: float) -> float:
    """The critical value of a skewed mean, by the inverse of Hall's transformation.

    Args:
        critical: the value for a symmetric distribution.
        skew: skewness divided by the square root of the number of units; only a tail on the side
            that the bound is about (a negative value) widens the interval.
    """
    if skew >= 0:
        return critical
    return float(3 / skew * (np.cbrt(1 + skew * (critical - skew / 6)) - 1))
