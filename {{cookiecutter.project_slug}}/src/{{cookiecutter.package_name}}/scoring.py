"""Batch prediction: a CSV or Parquet input of any size, in memory that stays flat."""

from collections import Counter
from collections.abc import Callable, Container
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from .contract import Column, Contract
from .contract.arrow import ARROW_TYPES, table_columns, to_arrow
from .contract.check import Checked
from .contract.columns import take
from .contract.model import Class
from .contract.reading import check_table
from .data.quarantine import quarantine_rows
from .data.replacing import replacing
from .data.sources.file import BATCH_ROWS, PLAIN, check_files, find_files, read_batches
from .errors import InputError
from .predictor import Predictor
from .settings import Csv

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Scored:
    """What became of the rows of the input.

    Attributes:
        rows: rows read.
        predicted: rows in the output.
        warnings: rows predicted with a warning, by sentence.
        output: the Parquet file with the predictions.
        quarantine_path: the Parquet file with the refused rows; None if there were none.
    """

    rows: int
    predicted: int
    output: Path
    warnings: dict[str, int] = field(default_factory=dict)
    quarantine_path: Path | None = None

    def sentence(self) -> str:
        parts = [f"{self.predicted} of {self.rows} rows predicted in {self.output}"]
        if self.quarantine_path is not None:
            parts.append(f"{self.rows - self.predicted} bad rows in {self.quarantine_path}")
        parts += [f"warning: {text} ({rows})" for text, rows in self.warnings.items()]
        return "; ".join(parts)


def score(
    source: Path,
    target: Path,
    predictor: Predictor,
    contract: Contract | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
    csv: Csv = PLAIN,
    progress: Callable[[int], None] | None = None,
) -> Scored:
    """Predict every row of the input that the contract accepts.

    The output has, in the order of the input: `row` (position in the input, from 0), the id and
    time columns of the contract, `prediction`, `probability_<class>` for each class,
    `model_version`, and `warnings` (how many a row has). Rows that are refused stand in
    `<output>.quarantine.parquet` with their reasons. Both files appear complete or not at all.

    Args:
        source: a CSV or Parquet file, a folder of them, or a glob.
        target: the Parquet file to write; one that is there is replaced.
        predictor: answers for blocks of rows.
        contract: by default that of the predictor.
        batch_rows: at most so many rows are in hand at a time.
        csv: how text files are written.
        progress: told the number of rows done after each batch.

    Raises:
        InputError: if the output is one of the inputs.
        SourceError: if the input cannot be read, or lacks a column.
    """
    contract = contract or predictor.contract
    columns = table_columns(contract, target=False)
    files = find_files(str(source), Path())
    if target.resolve() in {file.resolve() for file in files}:
        raise InputError(f"{target} is the input: give another file to write to")
    check_files(files, columns, csv)
    quarantine = target.with_name(f"{target.stem}.quarantine.parquet")
    rows = predicted = 0
    warnings: Counter[str] = Counter()
    with ExitStack() as stack:
        output, refused = _Output(target, stack), _Output(quarantine, stack)
        output.open(_schema(contract, predictor))
        for raw in read_batches(files, columns, batch_rows, csv):
            if not raw.num_rows:
                continue
            checked = check_table(contract, raw, columns)
            accepted = np.flatnonzero(checked.accepted)
            if accepted.size:
                output.write(_answers(contract, predictor, checked, accepted, rows))
            if accepted.size < raw.num_rows:
                refused.write(_refusals(raw, checked, rows, str(source)))
            warnings.update(_warnings(checked))
            rows += raw.num_rows
            predicted += accepted.size
            if progress is not None:
                progress(rows)
    if rows == predicted:
        quarantine.unlink(missing_ok=True)
    left = quarantine if predicted < rows else None
    return Scored(rows, predicted, target, dict(warnings.most_common()), left)


class _Output:
    """A Parquet file that is begun when there is something to write."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._path = path
        self._stack = stack
        self._writer: pyarrow.parquet.ParquetWriter | None = None

    def open(self, schema: pa.Schema) -> pyarrow.parquet.ParquetWriter:
        draft = self._stack.enter_context(replacing(self._path))
        writer = pyarrow.parquet.ParquetWriter(draft, schema)
        self._writer = self._stack.enter_context(writer)
        return writer

    def write(self, table: pa.Table) -> None:
        writer = self._writer or self.open(table.schema)
        writer.write_table(table)


def _keys(contract: Contract) -> list[Column]:
    return [column for column in (contract.id, contract.time) if column is not None]


def _schema(contract: Contract, predictor: Predictor) -> pa.Schema:
    kind = pa.float64() if contract.problem == "regression" else ARROW_TYPES[contract.target.type]
    own = {
        "row": pa.int64(),
        "prediction": kind,
        **{_probability(one): pa.float64() for one in predictor.manifest.classes},
        "model_version": pa.string(),
        "warnings": pa.int32(),
    }
    keys = {_beside(own, column.name): ARROW_TYPES[column.type] for column in _keys(contract)}
    return pa.schema([("row", own.pop("row")), *keys.items(), *own.items()])


def _answers(
    contract: Contract, predictor: Predictor, checked: Checked, accepted: Index, offset: int
) -> pa.Table:
    columns = take(checked.columns, accepted)
    prediction = predictor.predict(columns)
    warned = np.bincount([one.row for one in checked.warnings], minlength=len(checked.accepted))
    own: dict[str, Any] = {
        "row": accepted + offset,
        "prediction": prediction.values,
        "model_version": [predictor.manifest.version] * accepted.size,
        "warnings": warned[accepted],
    }
    if prediction.probabilities is not None:
        for code, one in enumerate(predictor.manifest.classes):
            own[_probability(one)] = prediction.probabilities[:, code]
    keys = to_arrow(contract, {column.name: columns[column.name] for column in _keys(contract)})
    named = {_beside(own, name): keys[name] for name in keys.column_names}
    return pa.table({**own, **named}, schema=_schema(contract, predictor))


def _refusals(raw: pa.Table, checked: Checked, offset: int, origin: str) -> pa.Table:
    reasons: dict[int, list[str]] = {}
    for one in checked.refusals:
        reasons.setdefault(one.row, []).append(one.sentence())
    texts = ["; ".join(found) for found in reasons.values()]
    return quarantine_rows(raw, list(reasons), texts, origin=origin, offset=offset)


def _warnings(checked: Checked) -> Counter[str]:
    return Counter(one.sentence() for one in checked.warnings if checked.accepted[one.row])


def _probability(value: Class) -> str:
    return f"probability_{str(value).lower() if isinstance(value, bool) else value}"


def _beside(own: Container[str], name: str) -> str:
    """The name of a contract column in the output, where a column of ours may have it already."""
    return f"{name}_" if name in own else name
