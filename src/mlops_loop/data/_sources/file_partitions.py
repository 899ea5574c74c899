"""Partitions of files: rows that are worked on together, known before the first one is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        root: the folder that the address of the files is relative to, see `FoundFiles`.
    """

    columns: Sequence[Column] | None
    types: Types
    csv: Csv = PLAIN
    batch_rows: int = BATCH_ROWS
    root: Path = Path()

    @classmethod
    def of(
        cls,
        files: Sequence[File],
        columns: Sequence[Column],
        csv: Csv = PLAIN,
        batch_rows: int = BATCH_ROWS,
        root: Path = Path(),
    ) -> "PartitionReader":
        return cls(columns, file_types(files), csv, batch_rows, root)

    def batches(self, partition: Partition) -> Iterator[pa.Table]:
        """The rows of a partition, as `read_batches` yields them with malformed ones.

        Raises:
            SourceError: if the file cannot be read.
        """
        file, limit, groups = partition.file, self.batch_rows, partition.row_groups
        dialect = file_dialect(file, self.columns, self.csv, self.root)
        for table in read_file(
            file, self.columns, self.types, limit, dialect, groups, root=self.root
        ):
            for start in range(0, max(table.num_rows, 1), limit):
                yield table.slice(start, limit)
