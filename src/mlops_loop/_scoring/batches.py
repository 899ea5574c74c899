"""Batches on their way: while one is written, the next is predicted, and the one after it checked.

A model, Parquet and Arrow let go of Python's lock while they work, so that three threads keep more
than one core busy. No more than three batches are in hand.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ..contract._arrow import table_columns
from ..contract._casting import check_table
from ..contract._check import Checked
from ..contract._columns import take
from ..data._prefetch import prefetch
from .tables import Block, Tables


class Batch(NamedTuple):
    """Rows as they came, what the contract says of them, and predictions for the good ones."""

    raw: pa.Table
    checked: Checked
    block: Block | None


def predicted(tables: Tables, offset: int, raw: Iterable[pa.Table]) -> Generator[Batch]:
    """Batches of which the first begins at `offset` of the input; to be closed after use."""
    with closing(prefetch(_checked(tables, raw))) as checked:
        yield from prefetch(_predicted(tables, offset, checked))


def _checked(tables: Tables, batches: Iterable[pa.Table]) -> Iterator[Batch]:
    columns = table_columns(tables.contract, target=False)
    for raw in batches:
        yield Batch(raw, check_table(tables.contract, raw, columns), None)


def _predicted(tables: Tables, offset: int, batches: Iterable[Batch]) -> Iterator[Batch]:
    for batch in batches:
        checked, rows = batch.checked, batch.raw.num_rows
        accepted = np.flatnonzero(checked.accepted)
        if accepted.size:
            every = accepted.size == rows
            columns = checked.columns if every else take(checked.columns, accepted)
            batch = batch._replace(block=tables.block(checked, columns, accepted, offset))
        yield batch
        offset += rows
