"""Numbers that a datetime is encoded as, in UTC."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from ._feature_set import DatetimePart
from .contract._columns import Array, Floats, missing

EPOCH = date(1970, 1, 1)
_MICROSECONDS_A_DAY = 86_400_000_000.0


def reference_date(moments: Array) -> date:
    """The day that elapsed days are counted from: the median, 1970-01-01 if all are missing.

    Numbers near zero are exact in float32, e.g. to a tenth of a second within a year. The median
    is not moved by a few placeholders such as 9999-12-31.
    """
    present = moments[~missing(moments)]
    if not present.size:
        return EPOCH
    return EPOCH + timedelta(days=int(np.sort(_whole_days(present))[present.size // 2]))


def datetime_parts(moments: Array, parts: tuple[DatetimePart, ...], reference: date) -> Floats:
    """The parts of each moment, float64 of shape (rows, parts); NaN where it is missing."""
    columns = [
        _elapsed_days(moments, reference) if part == "elapsed_days" else _CYCLES[part](moments)
        for part in parts
    ]
    result = np.stack(columns, axis=1).astype(np.float64)
    result[missing(moments)] = np.nan
    return result


def _whole_days(moments: Array) -> NDArray[np.int64]:
    return moments.astype("datetime64[D]").astype(np.int64)


def _elapsed_days(moments: Array, reference: date) -> Floats:
    elapsed = moments - np.datetime64(reference, "us")
    return elapsed.astype(np.int64) / _MICROSECONDS_A_DAY


_CYCLES: Mapping[DatetimePart, Callable[[Array], NDArray[np.int64]]] = {
    "hour": lambda moments: moments.astype("datetime64[h]").astype(np.int64) % 24,
    # 1970-01-01 was a Thursday; Monday is 0.
    "weekday": lambda moments: (_whole_days(moments) + 3) % 7,
    "month": lambda moments: moments.astype("datetime64[M]").astype(np.int64) % 12 + 1,
}
