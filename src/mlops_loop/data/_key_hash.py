"""Hashes of the keys of rows, vectorized.

Collisions only cost time. Hashes are not stored, and differ between processes.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract._arrow import numbers
from ._digest import cells, joined
from ._row_hash import Hashes, mix

_WORD = 8
# What is left of a word of which so many bytes count.
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)


def key_hashes(keys: pa.Table) -> Hashes:
    """One number a row, of all columns.

    Args:
        keys: columns in the contract's types.

    Returns:
        Array of shape (rows,).
    """
    hashes = np.zeros(keys.num_rows, dtype=np.uint64)
    for column in keys.columns:
        values = column.combine_chunks()
        column_hashes = _texts(values) if pa.types.is_string(values.type) else _bits(values)
        hashes = mix(hashes ^ column_hashes)
    return hashes


def _bits(values: pa.Array) -> Hashes:
    hashes = cells(values)
    return hashes.view(np.uint64) if hashes.dtype.itemsize == _WORD else hashes.astype(np.uint64)


def _texts(values: pa.StringArray) -> Hashes:
    """Eight bytes of every text at a time, as long as a text has so many."""
    values = pc.fill_null(values, "")
    lengths = numbers(pc.binary_length(values)).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    data = np.concatenate([np.frombuffer(joined(values), np.uint8), np.zeros(_WORD, np.uint8)])
    # The word that starts at each byte.
    words = np.ndarray((len(data) - _WORD + 1,), "<u8", data.data, strides=(1,))
    hashes = lengths.astype(np.uint64)
    for begin in range(0, int(lengths.max(initial=0)), _WORD):
        longer = np.flatnonzero(lengths > begin)
        counts = np.minimum(lengths[longer] - begin, _WORD)
        word = words[starts[longer] + begin] & _MASKS[counts]
        hashes[longer] = mix(hashes[longer] ^ word)
    return hashes
