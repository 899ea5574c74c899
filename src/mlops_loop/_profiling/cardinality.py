"""Cardinality and duplicates, estimated in bounded memory."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_WHOLE = 2**64
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


class DistinctCounter:
    """Counts distinct hashes: exactly up to `capacity`, then estimated from the smallest ones.

    With `capacity` hashes, the relative standard error is about 1 / sqrt(capacity) (Bar-Yossef et
    al., 2002).
    """

    def __init__(self, capacity: int = 1 << 16) -> None:
        self._capacity = capacity
        self._limit = _WHOLE - 1
        self._kept: Hashes = np.empty(0, dtype=np.uint64)

    def add(self, hashes: Hashes) -> None:
        low = hashes[hashes <= np.uint64(self._limit)]
        self._kept = np.union1d(self._kept, low)
        while self._kept.size > self._capacity:
            self._limit //= 2
            self._kept = self._kept[self._kept <= np.uint64(self._limit)]

    @property
    def count(self) -> int:
        return round(self._kept.size * _WHOLE / (self._limit + 1))


class DuplicateCounter:
    """Counts repeated hashes, on a sample that fits into memory."""

    def __init__(self, capacity: int = 1 << 22) -> None:
        self._capacity = capacity
        self._limit = _WHOLE - 1
        self._kept: list[Hashes] = []
        self._size = 0

    def add(self, hashes: Hashes) -> None:
        low = hashes[hashes <= np.uint64(self._limit)]
        self._kept.append(low)
        self._size += low.size
        while self._size > self._capacity and self._limit:
            self._limit //= 2
            self._kept = [part[part <= np.uint64(self._limit)] for part in self._kept]
            self._size = sum(part.size for part in self._kept)

    @property
    def count(self) -> int:
        if not self._size:
            return 0
        again = self._size - np.unique(np.concatenate(self._kept)).size
        return round(again * _WHOLE / (self._limit + 1))


def hash_values(values: pa.Array) -> Hashes:
    """A hash for each value, equal for equal values of one type; 0 for null."""
    from pandas.util import hash_array

    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    encoded = values.dictionary_encode()
    words = encoded.dictionary.to_numpy(zero_copy_only=False)
    hashes: Hashes = np.append(hash_array(words, categorize=False), np.uint64(0))
    value_hashes: Hashes = hashes[pc.fill_null(encoded.indices, len(words)).to_numpy()]
    return value_hashes


def hash_rows(columns: Sequence[Hashes]) -> Hashes:
    """A hash for each row, combined from the hashes of its values."""
    mixed = np.zeros_like(columns[0])
    for hashes in columns:
        mixed = (mixed ^ hashes) * _FACTOR
        mixed ^= mixed >> np.uint64(29)
    return mixed
