"""Pipeline of batches: one is written while the next is predicted and the third is checked.

Models, Parquet and Arrow release Python's global lock, so that three threads use several cores.
At most three batches are in memory.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from ..contract._arrow import table_columns
from ..contract._casting import check_table
from ..contract._columns import take
from ..contract._violations import Checked
from ..data._malformed import rejected_rows
from ..data._prefetch import prefetch
from ..data._sources.malformed import MalformedRows
from .tables import RAW, Block, Tables


class Batch(NamedTuple):
    """Raw rows, their validation, and predictions of the accepted ones."""

    raw: pa.Table
    checked: Checked
    block: Block | None


def predicted(tables: Tables, offset: int, raw: Iterable[pa.Table]) -> Generator[Batch]:
    """Predicted batches; the first starts at `offset` of the input. Close it after use."""
    with closing(prefetch(_checked(tables, raw))) as checked:
        yield from prefetch(_predicted(tables, offset, checked))


def _checked(tables: Tables, batches: Iterable[pa.Table]) -> Iterator[Batch]:
    columns = table_columns(tables.contract, target=False)
    for raw in batches:
        malformed = MalformedRows.of(raw)
        if malformed is not None:
            texts = pa.table({RAW: malformed.texts})
            yield Batch(texts, rejected_rows(malformed), None)
        else:
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
