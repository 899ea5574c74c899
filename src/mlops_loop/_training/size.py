"""The size of a fitted estimator."""

import pickle
from typing import Any


def size_of(estimator: Any) -> int:
    """Bytes of a fitted estimator as Python stores it, counted without storing them.

    0 if Python cannot store it, e.g. because it contains a lambda.
    """
    counted = _Counted()
    try:
        pickle.Pickler(counted, protocol=5).dump(estimator)
    except (AttributeError, TypeError, pickle.PicklingError):
        return 0
    return counted.size


def in_bytes(size: int) -> str:
    """Format a size; 0 is unknown."""
    if not size:
        return "unknown"
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e3:.1f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


class _Counted:
    """A file object that only counts."""

    size = 0

    def write(self, part: Any) -> int:
        length = memoryview(part).nbytes
        self.size += length
        return length
