"""Blocks of rows in fewer, larger tables."""

from collections.abc import Iterable, Iterator

import pyarrow as pa


def regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of one schema each, at most `rows` long unless they came longer.

    The last table may be empty, so that its columns are known.
    """
    held: list[pa.Table] = []
    count = 0
    for table in tables:
        if held and (count + table.num_rows > rows or table.schema != held[0].schema):
            yield pa.concat_tables(held)
            held, count = [], 0
        held.append(table)
        count += table.num_rows
    whole = pa.concat_tables(held)
    for start in range(0, max(whole.num_rows, 1), rows):
        yield whole.slice(start, rows)
