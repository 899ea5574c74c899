"""Deterministic prediction ids of a batch: the same for the same rows and model."""

import hashlib

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Index = NDArray[np.intp]

_LENGTH = 36


def prediction_ids(job: str, rows: Index) -> pa.Array:
    """UUIDs of version 8: 74 bits identify the job, the last 48 the row, so that stores append.

    They are generated per block, because one by one would take as long as predicting.

    Args:
        job: identifies the input, the contract and the model.
        rows: positions in the input.

    Returns:
        Texts, shape (rows,).
    """
    digest = hashlib.blake2b(job.encode(), digest_size=10).hexdigest()
    variant = "89ab"[int(digest[18], 16) % 4]
    prefix = f"{digest[:8]}-{digest[8:12]}-8{digest[12:15]}-{variant}{digest[15:18]}-"
    texts = np.empty((len(rows), _LENGTH), np.uint8)
    texts[:, :24] = np.frombuffer(prefix.encode(), np.uint8)
    last = rows.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 2:].tobytes().hex()
    texts[:, 24:] = np.frombuffer(last.encode(), np.uint8).reshape(-1, 12)
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(_LENGTH)
    return pa.StringArray.from_buffers(len(rows), pa.py_buffer(offsets), pa.py_buffer(texts))
