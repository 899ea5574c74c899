"""Writes the tables of one part: predictions, rejected rows, and their numbers."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from ..contract._violations import Checked
from .batches import Batch
from .parts import Part, writer
from .tables import Tables


class TableWriter(Protocol):
    """A file that tables are added to."""

    def write_table(self, table: pa.Table) -> None: ...


Opened = Callable[[Path, pa.Schema], AbstractContextManager[TableWriter]]


class PartWriter:
    """The files of a part, and how many rows they have so far.

    Args:
        stack: closes the files.
        tables: builds the tables.
        schema: the columns of predictions that are written.
        predictions: the file for predictions.
        quarantine: the file for rejected rows, created with the first one.
        origin: the input, for rejected rows.
        opened: creates a file, by default Parquet.
    """

    def __init__(
        self,
        stack: ExitStack,
        tables: Tables,
        schema: pa.Schema,
        predictions: Path,
        quarantine: Path,
        origin: str,
        opened: Opened = writer,
    ) -> None:
        self.part = Part()
        self._tables, self._schema, self._origin = tables, schema, origin
        self._stack, self._opened = stack, opened
        self._output = stack.enter_context(opened(predictions, schema))
        self._quarantine = quarantine
        self._rejected: TableWriter | None = None

    def add(self, batch: Batch, offset: int) -> None:
        """Write a batch that starts at `offset` of the input."""
        raw, checked, block = batch
        accepted = 0 if block is None else len(block.rows)
        if block is not None:
            self._output.write_table(self._tables.answers(block).select(self._schema.names))
        if accepted < raw.num_rows:
            self._reject(self._tables.rejections(raw, checked, offset, self._origin))
        self.part.rows += raw.num_rows
        self.part.predicted += accepted
        self.part.warn(_warnings(checked))

    def _reject(self, table: pa.Table) -> None:
        if self._rejected is None:
            self._rejected = self._stack.enter_context(self._opened(self._quarantine, table.schema))
        self._rejected.write_table(table)


def _warnings(checked: Checked) -> Counter[str]:
    return Counter(
        warning.summary() for warning in checked.warnings if checked.accepted[warning.row]
    )
