"""Uniform samples by month."""

import numpy as np
from numpy.typing import NDArray


def sample_months(times: NDArray[np.datetime64], rows: int, seed: int) -> NDArray[np.intp]:
    """Positions of a uniform sample of each month, without replacement, in order.

    A larger sample of the same table contains a smaller one.
    """
    months = times.astype("datetime64[M]")
    order = np.random.default_rng(seed).permutation(len(times))
    chosen = [order[months[order] == month][:rows] for month in np.unique(months)]
    return np.sort(np.concatenate([np.empty(0, dtype=np.intp), *chosen]))
