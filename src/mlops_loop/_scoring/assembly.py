"""Assembles the output from the parts of an engine's workers, while later ones are being scored.

These parts are Arrow files, faster to write and to read than Parquet, and without prediction ids.
"""

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from ..data._arrow_files import arrow_tables
from ..data._quarantine import shifted
from ..data._remote import File
from ..data._table_file import is_csv, table_writer
from .job import Job
from .part_writer import TableWriter
from .parts import Part, deliver, discard, writer

PREDICTIONS, QUARANTINE = "predictions.arrow", "quarantine.arrow"


class Assembly:
    """Drafts of the output and of its rejected rows, beside the parts; the stack closes them."""

    def __init__(self, job: Job, stack: ExitStack) -> None:
        self._job, self._stack = job, stack
        self._draft, self._rejected_draft = job.folder / "whole.draft", job.folder / "bad.draft"
        self._rejected: TableWriter | None = None
        self._output = self._open(self._draft, job.tables.schema, job.output)

    def add(self, folder: Path, offset: int, part: Part) -> None:
        """Add the part in a folder, whose first row is at `offset` of the input."""
        for table in arrow_tables(folder / PREDICTIONS):
            self._output.write_table(self._job.tables.placed(table, offset))
        if not part.has_rejections:
            return
        for table in arrow_tables(folder / QUARANTINE):
            if self._rejected is None:
                draft, target = self._rejected_draft, self._job.quarantine
                self._rejected = self._open(draft, table.schema, target)
            self._rejected.write_table(shifted(table, offset))

    def deliver(self) -> None:
        """Move the closed drafts to their places, rejected rows first."""
        if self._rejected is None:
            discard(self._job.quarantine)
        else:
            deliver(self._rejected_draft, self._job.quarantine)
        deliver(self._draft, self._job.output)

    def _open(self, draft: Path, schema: pa.Schema, target: File) -> TableWriter:
        opened: TableWriter = self._stack.enter_context(
            table_writer(draft, schema, csv=True) if is_csv(target) else writer(draft, schema)
        )
        return opened
