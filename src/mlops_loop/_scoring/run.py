"""Scores the files of an input into one file of predictions, part by part."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

import msgspec
import pyarrow as pa
import pyarrow.parquet

from .._prediction_hooks import PredictionHooks
from .._predictor import Predictor
from .._settings import Csv
from ..contract import Contract
from ..contract._arrow import table_columns
from ..contract._violations import Checked
from ..data._remote import File, locate
from ..data._sources.file import PLAIN, check_files, read_batches
from .batches import Batch, predicted
from .inputs import find_inputs, identity, skip_rows
from .parts import Part, Parts, opened_parts, parts_folder, quarantine_path, writer
from .tables import Block, Tables

# Work that a kill can lose; a shorter job is one part, which is written once.
PART_SECONDS = 60.0
# Rows per row group; about four batches are in memory.
BATCH_ROWS = 32_768
Record = Callable[[Block], None]


@dataclass(frozen=True)
class Scored:
    """Result of scoring: numbers of rows, and the files.

    Attributes:
        rows: rows read.
        predicted: rows in the output.
        warnings: number of rows predicted with a warning, by message.
        output: the file with the predictions.
        quarantine_path: the file with the rejected rows; None if there were none.
        resumed: rows that an interrupted run had scored before.
    """

    rows: int
    predicted: int
    output: File
    warnings: dict[str, int] = field(default_factory=dict)
    quarantine_path: File | None = None
    resumed: int = 0

    def summary(self) -> str:
        parts = [f"{self.predicted} of {self.rows} rows predicted in {self.output}"]
        if self.resumed:
            parts.append(f"{self.resumed} rows were done by the previous run")
        if self.quarantine_path is not None:
            parts.append(f"{self.rows - self.predicted} rejected rows in {self.quarantine_path}")
        parts += [f"warning: {text} ({rows})" for text, rows in self.warnings.items()]
        return "; ".join(parts)


def score(
    source: Path | str,
    target: Path | str,
    predictor: Predictor,
    contract: Contract | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
    part_seconds: float = PART_SECONDS,
    csv: Csv = PLAIN,
    hooks: PredictionHooks = PredictionHooks(),
    record: Record | None = None,
    workspace: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scored:
    """Predict every row of the input that the contract accepts.

    The output has, in the order of the input: `row` (position in the input, from 1),
    `prediction_id`, the id and time columns of the contract, `prediction`, `probability_<class>`
    for each class, `model_version`, and `warnings` (number of warnings of the row). Rejected
    rows are in `<name>.quarantine.<suffix>` with their reasons. Both files appear when they are
    complete. Until then, finished parts are in `<output>.parts/`: after a kill, the same call with
    the same input and model continues after them.

    Args:
        source: path or fsspec URL of a CSV or Parquet file, a folder of them, or a glob.
        target: path or URL of the file to write, in .csv or .parquet; an existing one is replaced.
        predictor: predicts blocks of rows.
        contract: contract of the rows, by default that of the predictor.
        batch_rows: limit of rows per batch.
        part_seconds: time after which a part is finished.
        csv: dialect of text files.
        hooks: run before and after the predictor, as online.
        record: records each block of predictions before its part is finished. After a kill it may
            get a block once more, with the same ids.
        workspace: folder for parts if the output is a URL; by default the system's folder
            for temporary files.
        progress: called with the number of rows done after each batch.

    Raises:
        InputError: if the output is one of the inputs, another process writes it, or its suffix
            is neither .csv nor .parquet.
        SourceError: if the input cannot be read, or lacks a column.
    """
    contract = contract or predictor.contract
    columns = table_columns(contract, target=False)
    output = locate(str(target))
    folder = parts_folder(output, workspace or Path(gettempdir()))
    files = find_inputs(str(source), output, folder)
    check_files(files, columns, csv)
    work = identity(files, contract, predictor, csv)
    quarantine = quarantine_path(output)
    job = msgspec.json.encode([work, batch_rows, record is not None]).decode()
    with opened_parts(folder, output, job) as parts:
        tables = Tables(contract, hooks.wrap(predictor), work, hooks)
        run = _Run(tables, parts, str(source), record, part_seconds)
        resumed = parts.rows
        batches = skip_rows(resumed, read_batches(files, columns, batch_rows, csv, malformed=True))
        with closing(predicted(tables, resumed, batches)) as coming:
            run.all(coming, progress or (lambda rows: None))
        total = _total(parts.done)
        parts.assemble(output, quarantine)
    rejected = quarantine if total.predicted < total.rows else None
    warnings = dict(Counter(total.warnings).most_common())
    return Scored(total.rows, total.predicted, output, warnings, rejected, resumed)


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
        part = Part()
        until = time.monotonic() + self.part_seconds
        with ExitStack() as stack:
            output = stack.enter_context(writer(self.parts.draft, self.tables.schema))
            rejected = _RejectedRows(self.parts.quarantine_draft, stack)
            while batch is not None:
                self._batch(batch, part, output, rejected)
                progress(self.parts.rows + part.rows)
                batch = next(batches, None)
                if time.monotonic() >= until:
                    break
        self.parts.commit_part(part)
        return batch

    def _batch(
        self,
        batch: Batch,
        part: Part,
        output: pyarrow.parquet.ParquetWriter,
        rejected: "_RejectedRows",
    ) -> None:
        raw, checked, block = batch
        accepted = 0 if block is None else len(block.rows)
        if block is not None:
            output.write_table(self.tables.answers(block))
            if self.record is not None:
                self.record(block)
        if accepted < raw.num_rows:
            offset = self.parts.rows + part.rows
            rejected.write(self.tables.rejections(raw, checked, offset, self.origin))
        part.rows += raw.num_rows
        part.predicted += accepted
        part.warn(_warnings(checked))


class _RejectedRows:
    """A Parquet file that is created with the first write."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._writer: pyarrow.parquet.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._writer = self._stack.enter_context(writer(self._path, table.schema))
        self._writer.write_table(table)


def _total(parts: Sequence[Part]) -> Part:
    total = Part()
    for part in parts:
        total.rows += part.rows
        total.predicted += part.predicted
        total.warn(part.warnings)
    return total


def _warnings(checked: Checked) -> Counter[str]:
    return Counter(
        warning.summary() for warning in checked.warnings if checked.accepted[warning.row]
    )
