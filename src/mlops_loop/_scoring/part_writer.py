"""Writes the tables of one part: predictions, rejected rows, and their numbers."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet

from ..contract._violations import Checked
from .batches import Batch
from .parts import Part, writer
from .tables import Tables


class PartWriter:
    """Context manager: the files of a part, and how many rows they have so far.

    Args:
        tables: builds the tables.
        predictions: the file for predictions.
        quarantine: the file for rejected rows, created with the first one.
        origin: the input, for rejected rows.
    """

    def __init__(self, tables: Tables, predictions: Path, quarantine: Path, origin: str) -> None:
        self.part = Part()
        self._tables, self._origin = tables, origin
        self._stack = ExitStack()
        self._output = self._stack.enter_context(writer(predictions, tables.schema))
        self._quarantine = quarantine
        self._rejected: pyarrow.parquet.ParquetWriter | None = None

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def add(self, batch: Batch, offset: int) -> None:
        """Write a batch that starts at `offset` of the input."""
        raw, checked, block = batch
        accepted = 0 if block is None else len(block.rows)
        if block is not None:
            self._output.write_table(self._tables.answers(block))
        if accepted < raw.num_rows:
            self._reject(self._tables.rejections(raw, checked, offset, self._origin))
        self.part.rows += raw.num_rows
        self.part.predicted += accepted
        self.part.warn(_warnings(checked))

    def _reject(self, table: pa.Table) -> None:
        if self._rejected is None:
            self._rejected = self._stack.enter_context(writer(self._quarantine, table.schema))
        self._rejected.write_table(table)


def _warnings(checked: Checked) -> Counter[str]:
    return Counter(
        warning.summary() for warning in checked.warnings if checked.accepted[warning.row]
    )
