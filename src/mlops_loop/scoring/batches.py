"""Batches on their way: while one is written, the next is predicted, and the one after it checked.

A model, Parquet and Arrow let go of Python's lock while they work, so that three threads keep more
than one core busy. No more than three batches are in hand.
"""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from ..contract.arrow import table_columns
from ..contract.check import Checked
from ..contract.columns import take
from ..contract.reading import check_table
from .tables import Block, Tables

T = TypeVar("T")

_END = object()


class Batch(NamedTuple):
    """Rows as they came, what the contract says of them, and predictions for the good ones."""

    raw: pa.Table
    checked: Checked
    block: Block | None


def predicted(tables: Tables, offset: int, raw: Iterable[pa.Table]) -> Generator[Batch]:
    """Batches of which the first begins at `offset` of the input; to be closed after use."""
    with closing(_ahead(_checked(tables, raw))) as checked:
        yield from _ahead(_predicted(tables, offset, checked))


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


def _ahead(items: Iterator[T]) -> Generator[T]:
    """The same items; while one is in use, the next one is made on a thread."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield item  # type: ignore[misc]
