"""When the mean of a daily series began to rise: a sequential scan over its possible onsets.

Each day on which the rise may have begun divides the days into before and after. The difference of
the two means, less a margin, is compared with its standard error; the largest value over all onsets
decides: Siegmund & Venkatraman, "Using the generalized likelihood ratio statistic for sequential
detection of a change-point", Annals of Statistics 23 (1995). The mean before is estimated as well,
so that the chance in a holdout of two weeks counts.

The standard error is that of a first-order autoregression, from residuals about the best division.
A few bad days among many good ones have a long tail, which the mean of the days after has as well:
it takes a larger rise (Cornish & Fisher, Revue de l'Institut International de Statistique 5, 1938).
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from ..contract._columns import Floats
from ..evaluation._autocorrelation import variance_inflation

# The scan is repeated every day. Above this many standard errors, days with an autocorrelation of
# .5 alarm in about one of ten years (decisions.md).
THRESHOLD = 3.9
# Days before and after an onset.
FEWEST_BEFORE = 10
FEWEST_AFTER = 7


@dataclass(frozen=True)
class Rise:
    """The likeliest rise of a series.

    Attributes:
        onset: position of its first day.
        before: mean of the days before.
        after: mean of the days since.
        error: standard error of their difference.
        score: standard errors by which the difference exceeds the margin, as a normal quantile.
    """

    onset: int
    before: float
    after: float
    error: float
    score: float

    @property
    def is_detected(self) -> bool:
        return self.score > THRESHOLD


def largest_rise(values: Floats, margin: float, earliest: int = FEWEST_BEFORE) -> Rise | None:
    """The likeliest rise by more than a margin; None with too few days.

    Args:
        values: one value a day, in order of time.
        margin: rise that does not count, in the unit of the values.
        earliest: position of the first day on which it may have begun.
    """
    days = len(values)
    onsets = np.arange(max(earliest, FEWEST_BEFORE), days - FEWEST_AFTER + 1)
    if not len(onsets):
        return None
    sums = np.cumsum(values)
    before = sums[onsets - 1] / onsets
    after = (sums[-1] - sums[onsets - 1]) / (days - onsets)
    errors = np.sqrt(1 / onsets + 1 / (days - onsets))
    best = int(((after - before - margin) / errors).argmax())
    deviation, freedom, skewness = _spread(values, sums)
    error = deviation * float(errors[best])
    gain = float(after[best] - before[best])
    score = 0.0
    if gain > margin:
        ratio = (gain - margin) / error if error > 0 else np.inf
        ratio = _without_skew(ratio, skewness / sqrt(days - onsets[best]))
        score = float(norm.isf(max(student.sf(ratio, freedom), 1e-300)))
    return Rise(int(onsets[best]), float(before[best]), float(after[best]), error, score)


def _without_skew(ratio: float, skewness: float) -> float:
    """The ratio that a mean of symmetric days exceeds as rarely, after Cornish and Fisher."""
    curvature = skewness / 6
    if curvature < 1e-6 or not np.isfinite(ratio):
        return ratio
    return (sqrt(1 + 4 * curvature * (ratio + curvature)) - 1) / (2 * curvature)


def _spread(values: Floats, sums: Floats) -> tuple[float, float, float]:
    """The deviation of a day as it counts in a mean, its degrees of freedom, and the skewness."""
    days = len(values)
    at = np.arange(FEWEST_AFTER, days - FEWEST_AFTER + 1)
    gain = (sums[at - 1] - at / days * sums[-1]) ** 2 / (at * (days - at))
    split = int(at[gain.argmax()])
    first, second = values[:split], values[split:]
    residuals = np.concatenate([first - first.mean(), second - second.mean()])
    squares = float((residuals**2).sum())
    if squares <= np.finfo(float).tiny:
        return 0.0, days - 2, 0.0
    inflation = variance_inflation(residuals)
    deviation = sqrt(squares / (days - 2) * inflation)
    skewness = float((residuals**3).mean()) / (squares / days) ** 1.5
    return deviation, max(days / inflation, 4.0) - 2, skewness
