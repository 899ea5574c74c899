"""Rows that hold many others as text, because a quote was opened that a later one closes."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..._settings import Csv
from ...contract._arrow import numbers

# So many lines of a value look like rows; with a single delimiter a line, texts do too.
_FEWEST, _FEWEST_OF_TWO = 3, 10
_SHARE = 0.8


def split(table: pa.Table, csv: Csv, width: int) -> tuple[pa.Table, list[str]]:
    """The table without such rows, and the values that hold others.

    Args:
        table: columns of texts.
        csv: the dialect that they were read in.
        width: number of columns of the file.
    """
    long = np.zeros(table.num_rows, dtype=np.bool_)
    for column in table.columns:
        long |= numbers(pc.fill_null(pc.count_substring(column, "\n"), 0)) > _FEWEST
    good, values = np.ones(table.num_rows, dtype=np.bool_), []
    for at in np.flatnonzero(long):
        (row,) = table.slice(at, 1).to_pylist()
        if (value := swallowing(row.values(), csv, width)) is not None:
            values.append(value)
            good[at] = False
    return table.filter(pa.array(good)) if values else table, values


def swallowing(row: Iterable[str | None], csv: Csv, width: int) -> str | None:
    """The first value most of whose lines have as many delimiters as rows of the file."""
    fewest = _FEWEST if width > 2 else _FEWEST_OF_TWO
    for value in row:
        lines = value.split("\n")[1:-1] if value else []
        alike = sum(line.count(csv.delimiter) == width - 1 for line in lines)
        if width > 1 and len(lines) >= fewest and alike >= _SHARE * len(lines):
            return value
    return None
