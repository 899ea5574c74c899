"""Duplicates, found in bounded memory.

Hashes of the keys are partitioned into files by their first bits. Only rows with equal hashes are
compared, so that memory grows only with the number of duplicates.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..contract._arrow import numbers
from ._external_sort import ExternalSorter
from ._key_hash import key_hashes
from ._row_hash import Hashes

Mask = NDArray[np.bool_]
Positions = NDArray[np.intp]
_BITS = 6


def find_duplicates(
    sorter: ExternalSorter,
    keys: Sequence[str],
    position: str,
    kept: Literal["min", "max"],
    folder: Path,
) -> Mask:
    """Mask of the duplicates, by position.

    Args:
        sorter: the rows.
        keys: columns in which duplicates are equal.
        position: the column that numbers all rows from 0.
        kept: `min` or `max`: the row with this position is kept.
        folder: folder for temporary files; the caller removes it.
    """
    dropped = np.zeros(sorter.rows, dtype=np.bool_)
    candidates = np.zeros(sorter.rows, dtype=np.bool_)
    for hashes, positions in _parts(sorter, keys, position, folder):
        order = np.argsort(hashes)
        same = np.diff(hashes[order]) == 0
        candidates[positions[order[1:][same]]] = True
        candidates[positions[order[:-1][same]]] = True
    if not candidates.any():
        return dropped
    table = pa.concat_tables(
        table.filter(pa.array(candidates[numbers(table[position])]))
        for table in sorter.scan([*keys, position])
    )
    chosen = table.group_by(list(keys)).aggregate([(position, kept)])[f"{position}_{kept}"]
    dropped[numbers(table[position])] = True
    dropped[numbers(chosen)] = False
    return dropped


def _parts(
    sorter: ExternalSorter, keys: Sequence[str], position: str, folder: Path
) -> Iterator[tuple[Hashes, Positions]]:
    """The keys' hashes with the positions of their rows, those that are equal in one part."""
    pairs = (
        np.stack([key_hashes(table.select(keys)), _positions(table[position])], axis=1)
        for table in sorter.scan([*keys, position])
    )
    if sorter.in_memory:
        yield _columns(np.concatenate(list(pairs)))
        return
    paths = [folder / f"hashes-{number}" for number in range(1 << _BITS)]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for some in pairs:
            part = (some[:, 0] >> np.uint64(64 - _BITS)).astype(np.uint8)
            ends = np.cumsum(np.bincount(part, minlength=len(files)))
            dealt = np.split(some[np.argsort(part, kind="stable")], ends[:-1])
            for file, own in zip(files, dealt, strict=True):
                file.write(own.tobytes())
    for path in paths:
        yield _columns(np.fromfile(path, dtype=np.uint64).reshape(-1, 2))


def _columns(pairs: Hashes) -> tuple[Hashes, Positions]:
    return np.ascontiguousarray(pairs[:, 0]), pairs[:, 1].astype(np.intp)


def _positions(values: pa.ChunkedArray) -> Hashes:
    return numbers(values).astype(np.uint64)
