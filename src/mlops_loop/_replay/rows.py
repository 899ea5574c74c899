"""The rows of a file as a client would send them, with the labels in the file."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from .._settings import Csv
from ..contract import Column, Contract
from ..contract._arrow import from_arrow
from ..contract._casting import check_table, read_table
from ..contract._columns import JsonValue, to_json, to_rows
from ..data._remote import File, opened
from ..data._sources.file import (
    check_files,
    column_names,
    fitting,
    read_batches,
)
from ..data._sources.file_discovery import find_files
from ..data._sources.formats import format_of
from ..data._sources.row_locations import Places
from ..errors import InputError
from .traffic import ReplayRow

# Rows that are Python objects at a time.
BATCH_ROWS = 2_000


@dataclass
class FileRows:
    """The rows of a file, in its order.

    A cell that the contract cannot read is sent unchanged, so that the service rejects it.
    `lost` counts the values that are not valid labels; missing labels are not sent.
    """

    contract: Contract
    files: list[File]
    csv: Csv
    label_column: str | None
    lost: int = 0
    _places: Places = field(default_factory=Places)

    def place(self, number: int) -> str:
        """The file, and the line or row, of a row that was yielded; numbers count from 1."""
        return str(self._places.of([number - 1])[0])

    @property
    def total(self) -> int | None:
        """Number of rows; None if counting would require reading them."""
        if any(format_of(file) != "parquet" for file in self.files):
            return None
        rows = 0
        for file in self.files:
            with opened(file) as content:
                rows += pyarrow.parquet.read_metadata(content).num_rows
        return rows

    def __iter__(self) -> Iterator[ReplayRow]:
        wanted = list(self.contract.inputs)
        if self.label_column and self.label_column not in {column.name for column in wanted}:
            wanted.append(Column(name=self.label_column, type="text"))
        for raw in read_batches(self.files, wanted, BATCH_ROWS, self.csv, places=self._places):
            yield from self._batch(raw)

    def _batch(self, raw: pa.Table) -> Iterator[ReplayRow]:
        cast = read_table(self.contract.inputs, raw)
        columns = from_arrow(self.contract, cast.table)
        rows = to_rows(self.contract.inputs, columns)
        for name, mask in cast.unreadable.items():
            for row in np.flatnonzero(mask):
                rows[row][name] = _sendable(raw[name][row].as_py())
        labels = (
            [None] * len(rows)
            if self.label_column is None
            else self._labels(raw[self.label_column])
        )
        moments = np.full(len(rows), np.datetime64("NaT", "us"))
        if self.contract.time is not None:
            moments = columns[self.contract.time.name]
        yield from map(ReplayRow, rows, labels, moments)

    def _labels(self, values: pa.ChunkedArray) -> list[JsonValue]:
        """Labels in the target's type; None for missing and invalid ones."""
        target = self.contract.target.model_copy(update={"nullable": True})
        checked = check_table(self.contract, pa.table({target.name: values}), [target])
        targets = checked.columns[target.name]
        labels = [
            to_json(target, value) if good else None
            for value, good in zip(targets, checked.accepted, strict=True)
        ]
        if target.type == "category":
            labels = [label if label in self.contract.classes else None for label in labels]
        present = len(values) - values.null_count
        self.lost += present - sum(label is not None for label in labels)
        return labels


def open_rows(path: str, contract: Contract, csv: Csv, label_column: str | None) -> FileRows:
    """The rows of a CSV or Parquet file, a folder of them, or a glob.

    Raises:
        SourceError: if there are no rows, or a column of the contract is missing.
        InputError: if the column of labels is missing.
    """
    files = find_files(path, Path())
    check_files(files, contract.inputs, csv)
    for file in files:
        names = column_names(file, fitting(file, contract.inputs, csv))
        if label_column is not None and label_column not in names:
            raise InputError(
                f"{file} has no column {label_column} for --labels; it has {', '.join(names)}"
            )
    return FileRows(contract, files, csv, label_column)


def _sendable(value: Any) -> JsonValue:
    """A cell as a JSON value; as text if JSON has no such type."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return value if isinstance(value, float) and isfinite(value) else str(value)
