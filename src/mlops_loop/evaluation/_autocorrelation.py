"""By how much correlation from day to day inflates the variance of a mean.

That of a first-order autoregression (Andrews & Monahan, Econometrica 60, 1992), whose coefficient
is corrected for its bias in short series (Kendall, Biometrika 41, 1954) and, where many tests are
made, increased by half its standard error, because a correlation that is taken for too small lets
chance decide too often.
"""

from math import sqrt

import numpy as np

from ..contract._columns import Floats

_LARGEST_CORRELATION = 0.9


def variance_inflation(residuals: Floats, doubt: float = 0.5) -> float:
    """The factor, 1 or more.

    Args:
        residuals: one a day, in order of time, of mean zero and not all zero.
        doubt: standard errors by which the estimate is increased.
    """
    count, squares = len(residuals), float((residuals**2).sum())
    estimate = float((residuals[1:] * residuals[:-1]).sum()) / squares
    bias = (1 + 3 * estimate) / count
    error = sqrt(max(1 - estimate**2, 0.0) / count)
    correlation = float(np.clip(estimate + bias + doubt * error, 0.0, _LARGEST_CORRELATION))
    return (1 + correlation) / (1 - correlation)
