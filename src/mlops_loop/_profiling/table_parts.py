"""Parts of a table in files, copied by the workers of an engine in a form that is read quickly."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from .._settings import Csv
from ..data._sources import file as files
from ..data._sources.file_discovery import FoundFiles
from ..data._sources.file_partitions import Partition, PartitionReader, file_partitions
from ..data._sources.malformed import is_malformed
from ..data._sources.types import cast_table, common_types
from ..engines import Engine
from ..engines._shared_folder import unseen

Types = Mapping[str, pa.DataType]


@dataclass(frozen=True)
class Workspace:
    """Workers, and a folder that they share with this process."""

    engine: Engine
    folder: Path


@dataclass(frozen=True)
class Part:
    """Rows of one file.

    Attributes:
        path: the copy: streams of Arrow, one after the other.
        rows: number of well-formed rows.
        schemas: the schemas of its tables of values.
        names: names of the columns of the whole table.
        types: types of the whole table; None for those that the file has.
    """

    path: Path
    rows: int
    schemas: tuple[pa.Schema, ...]
    names: tuple[str, ...] = ()
    types: Types | None = None

    def tables(self) -> Iterator[pa.Table]:
        """The tables that the file was read as, malformed rows included."""
        with pa.OSFile(str(self.path)) as content:
            while content.tell() < content.size():
                yield pa.ipc.open_stream(content).read_all()

    def read(self) -> Iterator[pa.Table]:
        """The well-formed rows, with all columns of the whole table in its types."""
        for table in self.tables():
            if not is_malformed(table):
                table = complete(table, self.names)
                yield table if self.types is None else cast_table(table, self.types)


@dataclass(frozen=True)
class CopyPart:
    """Reads a partition of the files and copies it, on a worker."""

    folder: Path
    types: files.Types
    root: Path

    def __call__(self, item: tuple[Partition, Csv]) -> Part:
        partition, csv = item
        path = self.folder / f"{uuid4().hex}.arrow"
        rows, schemas = 0, []
        reader = PartitionReader(None, self.types, csv, root=self.root)
        with self._opened(path) as content:
            for table in reader.batches(partition):
                if not is_malformed(table):
                    rows += table.num_rows
                    schemas += [] if table.schema in schemas else [table.schema]
                with pa.ipc.new_stream(content, table.schema) as stream:
                    stream.write_table(table)
        return Part(path, rows, tuple(schemas))

    def _opened(self, path: Path) -> pa.NativeFile:
        try:
            return pa.OSFile(str(path), "wb")
        except FileNotFoundError as error:
            raise unseen(self.folder) from error


def copy_parts(
    found: FoundFiles,
    dialects: Sequence[Csv],
    names: Sequence[str],
    workspace: Workspace,
    *,
    of_one_type: bool,
) -> tuple[Part, ...]:
    """Copies of all files in order.

    Args:
        found: files of one format.
        dialects: the dialect of each.
        names: names of the columns of the whole table.
        workspace: where they are copied.
        of_one_type: whether the tables of the files have the same types already.

    Raises:
        SourceError: if a file cannot be read.
    """
    by_file = dict(zip(found.files, dialects, strict=True))
    items = [(partition, by_file[partition.file]) for partition in file_partitions(found.files)]
    copy = CopyPart(workspace.folder, files.file_types(found.files), found.root)
    parts = list(workspace.engine.map(copy, items))
    types = None
    if not of_one_type:
        types = common_types(
            complete(schema.empty_table(), names).schema
            for part in parts
            for schema in part.schemas
        )
    return tuple(replace(part, names=tuple(names), types=types) for part in parts)


def complete(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table with all columns; a column that its file does not have is null."""
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    return table.select(list(names))
