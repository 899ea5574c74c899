"""Scores a job on an engine: workers score partitions, the driver assembles them in order.

A worker does not know how many rows stand before its partition, so rows are counted from the
partition's first one until the driver assembles the output.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import msgspec
import pyarrow as pa

from .._partition_results import PartitionResults
from ..contract._arrow import to_arrow
from ..data._prefetch import prefetch
from ..data._quarantine import shifted
from ..data._remote import File
from ..data._sources.file_partitions import Partition, PartitionReader, file_partitions
from ..data._table_file import is_csv
from ..engines import Engine
from .batches import predicted
from .inputs import skip_rows
from .job import Finished, Job, Record
from .part_writer import PartWriter
from .parts import Part, deliver, discard, locked_folder, row_groups, write_whole, writer
from .tables import Tables

PREDICTIONS, QUARANTINE, PART = "predictions.parquet", "quarantine.parquet", "part.json"
# What the model saw, for the prediction log; deleted when the driver has recorded it.
INPUTS = "inputs.parquet"


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
            files = folder / PREDICTIONS, folder / QUARANTINE
            with PartWriter(self.tables, *files, self.origin) as written, ExitStack() as inputs:
                keep = self._inputs(inputs, folder) if self.keep_inputs else None
                for batch in coming:
                    written.add(batch, written.part.rows)
                    if keep is not None and batch.block is not None:
                        keep.write_table(to_arrow(self.tables.contract, batch.block.columns))
            (folder / PART).write_bytes(msgspec.json.encode(written.part))

    def _inputs(self, stack: ExitStack, folder: Path) -> pa.parquet.ParquetWriter:
        return stack.enter_context(writer(folder / INPUTS, self.tables.inputs_schema))


def score_on(engine: Engine, job: Job) -> Finished:
    """Score the partitions that are not scored yet, and write the output.

    Raises:
        InputError: if another process writes the same output.
        EngineError: if the engine stops; scored partitions are kept.
    """
    files = [file.absolute() if isinstance(file, Path) else file for file in job.files]
    partitions = file_partitions(files)
    reader = PartitionReader.of(files, job.columns, job.csv, job.batch_rows)
    with locked_folder(job.folder, job.output):
        identity = msgspec.json.encode([job.fingerprint, _layout(partitions)])
        results = PartitionResults.of(job.folder.absolute(), identity.decode())
        scorer = PartitionScorer(job.tables, reader, results, job.origin, job.record is not None)
        parts: list[Part] = []
        rows = resumed = 0
        try:
            with closing(results.complete(engine, scorer, partitions)) as numbers:
                for number, was_there in numbers:
                    folder = results.path(number)
                    parts.append(msgspec.json.decode((folder / PART).read_bytes(), type=Part))
                    if job.record is not None:
                        _record(job.tables, folder, rows, job.record)
                    rows += parts[-1].rows
                    resumed += parts[-1].rows if was_there else 0
                    job.progress(rows)
            _assemble(job, results, parts)
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
        for pair in zip(row_groups(folder / PREDICTIONS), row_groups(inputs), strict=True):
            record(tables.block_of(*pair, offset))
        inputs.unlink()


def _assemble(job: Job, results: PartitionResults, parts: Sequence[Part]) -> None:
    """Write both files, rejected rows first."""
    tables = job.tables
    offsets = [0, *accumulate(part.rows for part in parts)]
    folders = [(results.path(number), offsets[number], part) for number, part in enumerate(parts)]
    bad = [(folder / QUARANTINE, offset) for folder, offset, part in folders if part.has_rejections]
    if bad:
        schema = pa.parquet.read_schema(bad[0][0])
        rejected = (shifted(table, at) for file, at in bad for table in row_groups(file))
        _write(job.folder, rejected, schema, job.quarantine)
    else:
        discard(job.quarantine)
    # The ids follow from the rows, and writing them anew is faster than reading them.
    names = [name for name in tables.schema.names if name != "prediction_id"]
    answers = (
        tables.placed(table, offset)
        for folder, offset, _ in folders
        for table in row_groups(folder / PREDICTIONS, names)
    )
    _write(job.folder, answers, tables.schema, job.output)


def _write(folder: Path, tables: Iterator[pa.Table], schema: pa.Schema, target: File) -> None:
    with closing(prefetch(tables)) as coming:
        deliver(write_whole(folder, coming, schema, csv=is_csv(target)), target)
