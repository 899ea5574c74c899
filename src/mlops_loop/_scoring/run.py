"""Scores the files of an input into one file of predictions, part by part."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

import msgspec

from .._prediction_hooks import PredictionHooks
from .._predictor import Predictor
from .._settings import Csv
from ..contract import Contract
from ..contract._arrow import table_columns
from ..data._remote import File, locate
from ..data._sources.file import PLAIN, check_files
from ..engines import open_engine
from .inputs import find_inputs, identity
from .job import Job, Record
from .partitioned import score_on
from .parts import Part, parts_folder, quarantine_path
from .sequential import score_here
from .tables import Tables

# Work that a kill can lose; a shorter job is one part, which is written once.
PART_SECONDS = 60.0
# Rows per row group; about four batches are in memory.
BATCH_ROWS = 32_768


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
    engine: str = "local",
    progress: Callable[[int], None] | None = None,
) -> Scored:
    """Predict every row of the input that the contract accepts.

    The output has, in the order of the input: `row` (position in the input, from 1),
    `prediction_id`, the id and time columns of the contract, `prediction`, `probability_<class>`
    for each class, `model_version`, and `warnings` (number of warnings of the row). Rejected
    rows are in `<name>.quarantine.<suffix>` with their reasons. Both files appear when they are
    complete. Until then, finished parts are in `<output>.parts/`: after a kill, the same call with
    the same input and model continues after them. On an engine the output is the same, and parts
    are the partitions of the input: runs of row groups of Parquet files, and whole other files.

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
        engine: address of the engine, see `mlops_loop.engines`; its workers need to see input and
            parts under the same paths.
        progress: called with the number of rows done after each batch.

    Raises:
        InputError: if the output is one of the inputs, another process writes it, or its suffix
            is neither .csv nor .parquet.
        SourceError: if the input cannot be read, or lacks a column.
        EngineError: if the engine cannot be reached, or stops; finished parts are kept.
    """
    contract = contract or predictor.contract
    columns = table_columns(contract, target=False)
    output = locate(str(target))
    folder = parts_folder(output, workspace or Path(gettempdir()))
    files = find_inputs(str(source), output, folder)
    check_files(files, columns, csv)
    work = identity(files, contract, predictor, csv)
    job = Job(
        files=files,
        columns=columns,
        csv=csv,
        batch_rows=batch_rows,
        tables=Tables(contract, hooks.wrap(predictor), work, hooks),
        origin=str(source),
        output=output,
        quarantine=quarantine_path(output),
        folder=folder,
        fingerprint=msgspec.json.encode([work, batch_rows, record is not None]).decode(),
        record=record,
        progress=progress or (lambda rows: None),
    )
    if engine == "local":
        finished = score_here(job, part_seconds)
    else:
        with open_engine(engine) as opened:
            finished = score_on(opened, job)
    total = _total(finished.parts)
    rejected = job.quarantine if total.has_rejections else None
    warnings = dict(Counter(total.warnings).most_common())
    return Scored(total.rows, total.predicted, output, warnings, rejected, finished.resumed)


def _total(parts: Sequence[Part]) -> Part:
    total = Part()
    for part in parts:
        total.rows += part.rows
        total.predicted += part.predicted
        total.warn(part.warnings)
    return total
