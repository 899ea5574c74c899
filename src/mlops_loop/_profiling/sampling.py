"""A bounded sample of a table of any length, spread evenly over it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .table import Table

ROWS = 20_000


@dataclass(frozen=True)
class Sampled:
    """Sampled rows of a table, in its order, and the number of its rows."""

    table: pa.Table
    rows: int


def sample(table: Table, limit: int = ROWS) -> Sampled:
    """Every n-th row; n is the smallest power of two that gives at most twice the limit."""
    parts: list[pa.Table] = []
    stride, rows, sampled = 1, 0, 0
    for block in table.read():
        first = -rows % stride
        rows += block.num_rows
        part = block.take(np.arange(first, block.num_rows, stride))
        # A copy: a slice would keep its whole block in memory.
        parts.append(part)
        sampled += part.num_rows
        while sampled > 2 * limit:
            stride *= 2
            parts = [_every_other(parts)]
            sampled = parts[0].num_rows
    return Sampled(_joined(parts), rows)


def _every_other(parts: list[pa.Table]) -> pa.Table:
    whole = _joined(parts)
    return whole.take(np.arange(0, whole.num_rows, 2))


def _joined(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()
