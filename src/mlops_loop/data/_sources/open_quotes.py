"""Quotes that are never closed, or far below, so that one value holds many rows as text."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..._settings import Csv
from ...contract._arrow import numbers
from ...errors import SourceError
from .._remote import File
from .compression import opened_text

# So many lines of a value look like rows; with a single delimiter a line, texts do too.
_FEWEST, _FEWEST_OF_TWO = 3, 10
_SHARE = 0.8
_BLOCK_BYTES, _TAIL_BYTES = 1 << 20, 1 << 6


def split(table: pa.Table, csv: Csv, width: int) -> tuple[pa.Table, list[str]]:
    """The table without rows that hold others, and the values that do.

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


def require_closed_quote(file: File, csv: Csv, table: pa.Table, last: str) -> None:
    """A quote that is never closed makes one value of all lines up to the end of the file."""
    is_read = last in table.column_names and table.num_rows
    value = table[last][-1].as_py() if is_read else None
    if value is None or not value.endswith("\n") or _tail(file, csv).endswith(csv.quote or ""):
        return
    first = value.partition("\n")[0]
    raise SourceError(
        f"{file}: the quote before {first[:40]!r} is never closed; correct the row, or read "
        "quotes as text with --quote none"
    )


def _tail(file: File, csv: Csv) -> str:
    """The last characters of a file, without blanks."""
    tail = b""
    with opened_text(file) as content:
        while block := content.read(_BLOCK_BYTES):
            tail = (tail + block)[-_TAIL_BYTES:]
    return tail.decode(csv.encoding, errors="ignore").rstrip()
