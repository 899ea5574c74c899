"""Scores a job in this process, part by part."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

from ..data._sources.file import read_batches
from .batches import Batch, predicted
from .inputs import skip_rows
from .job import Finished, Job, Record
from .part_writer import PartWriter
from .parts import Parts, opened_parts
from .tables import Tables


def score_here(job: Job, part_seconds: float) -> Finished:
    """Score the rows that are not scored yet, and write the output."""
    with opened_parts(job.folder, job.output, job.fingerprint) as parts:
        run = _Run(job.tables, parts, job.origin, job.record, part_seconds)
        resumed = parts.rows
        raw = read_batches(job.files, job.columns, job.batch_rows, job.csv, malformed=True)
        with closing(predicted(job.tables, resumed, skip_rows(resumed, raw))) as coming:
            run.all(coming, job.progress)
        parts.assemble(job.output, job.quarantine)
    return Finished(parts.done, resumed)


@dataclass
class _Run:
    """Scores the rows that are not scored yet."""

    tables: Tables
    parts: Parts
    origin: str
    record: Record | None
    part_seconds: float

    def all(self, batches: Iterator[Batch], progress: Callable[[int], None]) -> None:
        batch = next(batches, None)
        while batch is not None or not self.parts.done:
            batch = self._part(batch, batches, progress)

    def _part(
        self, batch: Batch | None, batches: Iterator[Batch], progress: Callable[[int], None]
    ) -> Batch | None:
        """Score one part, starting with a batch; return the first batch of the next part."""
        until = time.monotonic() + self.part_seconds
        drafts = self.parts.draft, self.parts.quarantine_draft
        with ExitStack() as stack:
            written = PartWriter(stack, self.tables, self.tables.schema, *drafts, self.origin)
            while batch is not None:
                written.add(batch, self.parts.rows + written.part.rows)
                if self.record is not None and batch.block is not None:
                    self.record(batch.block)
                progress(self.parts.rows + written.part.rows)
                batch = next(batches, None)
                if time.monotonic() >= until:
                    break
        self.parts.commit_part(written.part)
        return batch
