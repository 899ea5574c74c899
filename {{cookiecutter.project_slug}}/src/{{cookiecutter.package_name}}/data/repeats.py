"""Rows that stand for the same thing, found without holding them all.

Hashes of the keys are dealt out into files by their first bits. Only rows whose hash another row
has as well are compared, so that memory grows with the repeated rows alone.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from ..contract.arrow import numbers
from ..contract.pandera_schema import to_frame
from .runs import Runs

Mask = NDArray[np.bool_]
_BITS = 6


def repeats(
    runs: Runs, keys: Sequence[str], position: str, kept: Literal["min", "max"], folder: Path
) -> Mask:
    """Which rows are repeats, by position.

    Args:
        runs: the rows.
        keys: columns in which repeats are equal.
        position: the column that numbers all rows from 0.
        kept: of equal rows the one with the smallest or the largest position is none.
        folder: for files, which the caller removes.
    """
    dropped = np.zeros(runs.rows, dtype=np.bool_)
    suspects = None if runs.in_memory else _suspects(runs, keys, position, folder)
    tables = []
    for table in runs.scan([*keys, position]):
        if suspects is not None:
            table = table.filter(pa.array(suspects[numbers(table[position])]))
        tables.append(table)
    if not any(table.num_rows for table in tables):
        return dropped
    table = pa.concat_tables(tables)
    chosen = table.group_by(list(keys)).aggregate([(position, kept)])[f"{position}_{kept}"]
    dropped[numbers(table[position])] = True
    dropped[numbers(chosen)] = False
    return dropped


def _suspects(runs: Runs, keys: Sequence[str], position: str, folder: Path) -> Mask:
    """Rows whose keys' hash another row has as well."""
    paths = [folder / f"hashes-{number}" for number in range(1 << _BITS)]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for table in runs.scan([*keys, position]):
            positions = numbers(table[position]).astype(np.uint64)
            pairs = np.stack([_hashes(table.select(keys)), positions], axis=1)
            part = pairs[:, 0] >> np.uint64(64 - _BITS)
            pairs = pairs[np.argsort(part, kind="stable")]
            ends = np.cumsum(np.bincount(part.astype(np.intp), minlength=len(files)))
            for file, own in zip(files, np.split(pairs, ends[:-1]), strict=True):
                file.write(own.tobytes())
    found = np.zeros(runs.rows, dtype=np.bool_)
    for path in paths:
        hashes, positions = np.fromfile(path, dtype=np.uint64).reshape(-1, 2).T
        order = np.argsort(hashes)
        same = np.diff(hashes[order]) == 0
        for side in (order[1:][same], order[:-1][same]):
            found[positions[side].astype(np.intp)] = True
    return found


def _hashes(keys: pa.Table) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = pd.util.hash_pandas_object(
        to_frame(keys), index=False, categorize=False
    ).to_numpy()
    return found
