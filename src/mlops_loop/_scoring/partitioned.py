"""Scores a job on an engine: workers score partitions, the driver assembles them in order.

A worker does not know how many rows stand before its partition, so rows are counted from the
partition's first one until the driver assembles the output.
"""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from .._partition_results import PartitionResults, write_numbers
from ..contract._arrow import to_arrow
from ..data._arrow_files import arrow_tables, arrow_writer
from ..data._sources.file_partitions import Partition, PartitionReader, file_partitions
from ..engines import Engine
from .assembly import PREDICTIONS, QUARANTINE, Assembly
from .batches import predicted
from .inputs import skip_rows
from .job import Finished, Job, Record
from .part_writer import PartWriter
from .parts import Part, locked_folder
from .tables import Tables

# What the model saw, for the prediction log; deleted when the driver has recorded it.
INPUTS = "inputs.arrow"


@dataclass(frozen=True)
class PartitionScorer:
    """Scores one partition, on a worker."""

    tables: Tables
    reader: PartitionReader
    results: PartitionResults
    origin: str
    keep_inputs: bool

    def __call__(self, numbered: tuple[int, Partition]) -> None:
        number, partition = numbered
        raw = skip_rows(0, self.reader.batches(partition))
        with ExitStack() as stack:
            folder = stack.enter_context(self.results.draft(number))
            coming = stack.enter_context(closing(predicted(self.tables, 0, raw)))
            with ExitStack() as files:
                paths = folder / PREDICTIONS, folder / QUARANTINE
                schema = self.tables.placeless_schema
                written = PartWriter(files, self.tables, schema, *paths, self.origin, arrow_writer)
                inputs = self._inputs(files, folder) if self.keep_inputs else None
                for batch in coming:
                    written.add(batch, written.part.rows)
                    if inputs is not None and batch.block is not None:
                        inputs.write_table(to_arrow(self.tables.contract, batch.block.columns))
            write_numbers(folder, written.part)

    def _inputs(self, stack: ExitStack, folder: Path) -> pa.RecordBatchFileWriter:
        return stack.enter_context(arrow_writer(folder / INPUTS, self.tables.inputs_schema))


def score_on(engine: Engine, job: Job) -> Finished:
    """Score the partitions that are not scored yet, and write the output.

    Raises:
        InputError: if another process writes the same output.
        EngineError: if the engine stops; scored partitions are kept.
    """
    files = [file.absolute() if isinstance(file, Path) else file for file in job.files]
    root = Path() if files == [*job.files] else Path.cwd()
    partitions = file_partitions(files)
    reader = PartitionReader.of(files, job.columns, job.csv, job.batch_rows, root)
    with locked_folder(job.folder, job.output):
        identity = msgspec.json.encode([job.fingerprint, str(root), _layout(partitions)])
        results = PartitionResults.of(job.folder.absolute(), identity.decode())
        scorer = PartitionScorer(job.tables, reader, results, job.origin, job.record is not None)
        parts: list[Part] = []
        rows = resumed = 0
        try:
            with ExitStack() as stack:
                assembly = Assembly(job, stack)
                numbers = stack.enter_context(closing(results.complete(engine, scorer, partitions)))
                for number, was_there in numbers:
                    folder = results.path(number)
                    parts.append(results.numbers(number, Part))
                    if job.record is not None:
                        _record(job.tables, folder, rows, job.record)
                    assembly.add(folder, rows, parts[-1])
                    rows += parts[-1].rows
                    resumed += parts[-1].rows if was_there else 0
                    job.progress(rows)
            assembly.deliver()
        finally:
            if not results.finished:
                shutil.rmtree(job.folder, ignore_errors=True)
        shutil.rmtree(job.folder, ignore_errors=True)
    return Finished(parts, resumed)


def _layout(partitions: Sequence[Partition]) -> list[tuple[str, tuple[int, ...] | None]]:
    return [(str(each.file), each.row_groups) for each in partitions]


def _record(tables: Tables, folder: Path, offset: int, record: Record) -> None:
    """Record a partition, unless it is recorded already."""
    inputs = folder / INPUTS
    if inputs.exists():
        for pair in zip(arrow_tables(folder / PREDICTIONS), arrow_tables(inputs), strict=True):
            record(tables.block_of(*pair, offset))
        inputs.unlink()
