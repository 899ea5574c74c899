"""Partitions of files: rows that are worked on together, known before the first one is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ..._settings import Csv
from ...contract import Column
from .._remote import File
from . import columnar
from .file import BATCH_ROWS, PLAIN, Types, file_dialect, file_types, read_file
from .formats import format_of


@dataclass(frozen=True)
class Partition:
    """A file, or some row groups of a Parquet file."""

    file: File
    row_groups: tuple[int, ...] | None = None


def file_partitions(files: Sequence[File]) -> list[Partition]:
    """The partitions of all files, in the order of their rows.

    Raises:
        SourceError: if a Parquet file is damaged.
    """
    return [partition for file in files for partition in _partitions(file)]


def _partitions(file: File) -> list[Partition]:
    runs = columnar.row_group_runs(file) if format_of(file) == "parquet" else []
    return [Partition(file, run) for run in runs] or [Partition(file)]


@dataclass(frozen=True)
class PartitionReader:
    """Reads any partition of some files, also in another process.

    Attributes:
        columns: the columns to read; None for all.
        types: types of columns that columnar files share.
        csv: dialect of text files; another one is detected for files that do not fit.
        batch_rows: limit of rows in a table.
    """

    columns: Sequence[Column] | None
    types: Types
    csv: Csv = PLAIN
    batch_rows: int = BATCH_ROWS

    @classmethod
    def of(
        cls,
        files: Sequence[File],
        columns: Sequence[Column],
        csv: Csv = PLAIN,
        batch_rows: int = BATCH_ROWS,
    ) -> "PartitionReader":
        return cls(columns, file_types(files), csv, batch_rows)

    def batches(self, partition: Partition) -> Iterator[pa.Table]:
        """The rows of a partition, as `read_batches` yields them with malformed ones.

        Raises:
            SourceError: if the file cannot be read.
        """
        file, limit = partition.file, self.batch_rows
        dialect = file_dialect(file, self.columns, self.csv)
        tables = read_file(file, self.columns, self.types, limit, dialect, partition.row_groups)
        for table in tables:
            for start in range(0, max(table.num_rows, 1), limit):
                yield table.slice(start, limit)
