"""By how much correlation from day to day inflates the variance of a mean.

That of a first-order autoregression (Andrews & Monahan, Econometrica 60, 1992), whose coefficient
is corrected for its bias in short series (Kendall, Biometrika 41, 1954). A correlation that is
taken for too small lets chance decide too often. So the coefficient is increased by half its
standard error, or averaged with a typical one, which varies less where many tests are made.
"""

from math import sqrt

import numpy as np

from ..contract._columns import Floats

_LARGEST_CORRELATION = 0.9
# Daily differences of the sample's versions have .27 to .50.
_TYPICAL_CORRELATION = 0.3


def variance_inflation(residuals: Floats, typical_days: int = 0) -> float:
    """The factor, 1 or more.

    Args:
        residuals: one a day, in order of time, of mean zero and not all zero.
        typical_days: number of days that the typical correlation counts for; 0 to increase the
            estimate by half its standard error instead.
    """
    count, squares = len(residuals), float((residuals**2).sum())
    estimate = float((residuals[1:] * residuals[:-1]).sum()) / squares
    estimate += (1 + 3 * estimate) / count
    if typical_days:
        weight = typical_days / (count + typical_days)
        estimate += weight * (_TYPICAL_CORRELATION - estimate)
    else:
        estimate += 0.5 * sqrt(max(1 - estimate**2, 0.0) / count)
    correlation = float(np.clip(estimate, 0.0, _LARGEST_CORRELATION))
    return (1 + correlation) / (1 - correlation)
