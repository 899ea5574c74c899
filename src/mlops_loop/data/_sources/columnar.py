"""Parquet, Feather and ORC, in the few types that the rest of the library knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from ...errors import SourceError
from .._remote import File, opened
from .formats import format_of
from .types import plain_type, to_plain

# Enough work for one call of a worker. A larger row group is not divided.
PARTITION_ROWS = 1 << 19


def schema(file: File) -> pa.Schema:
    """Columns as they stand in the file, in plain types.

    Raises:
        SourceError: if the file is damaged, or not of the format that its name says.
    """
    with _readable(file), opened(file) as content:
        match format_of(file):
            case "feather":
                found = _ipc(content).schema
            case "orc":
                found = _orc(content).schema
            case _:
                found = pyarrow.parquet.read_schema(content)
        if not found.names:
            raise SourceError(f"{file} has no columns")
        return pa.schema([pa.field(field.name, plain_type(field.type)) for field in found])


def row_group_runs(file: File) -> list[tuple[int, ...]]:
    """The row groups of a Parquet file in runs of about `PARTITION_ROWS` rows."""
    with _readable(file), opened(file) as content:
        return _runs(pyarrow.parquet.read_metadata(content))


def _runs(metadata: pyarrow.parquet.FileMetaData) -> list[tuple[int, ...]]:
    runs: list[tuple[int, ...]] = []
    run: tuple[int, ...] = ()
    rows = 0
    for number in range(metadata.num_row_groups):
        run, rows = (*run, number), rows + metadata.row_group(number).num_rows
        if rows >= PARTITION_ROWS:
            runs.append(run)
            run, rows = (), 0
    return [*runs, run] if run else runs


def batches(
    file: File,
    names: list[str],
    present: list[int],
    types: dict[str, pa.DataType],
    rows: int,
    row_groups: tuple[int, ...] | None = None,
) -> Iterator[pa.Table]:
    """Blocks of the columns at these positions.

    Args:
        file: a file of a columnar format.
        names: unique names of all its columns.
        present: positions of the wanted ones.
        types: types to yield, by unique name.
        rows: limit of rows in a block, as far as the format has one.
        row_groups: row groups of a Parquet file, by default all.
    """
    wanted = [names[at] for at in present]
    with _readable(file), opened(file) as content:
        for table in _tables(file, content, names, present, rows, row_groups):
            # Arrow reads texts and offsets as they are; what uses them takes them for valid.
            table.select(wanted).validate(full=True)
            columns = {name: to_plain(table[name], types[name]) for name in wanted}
            yield pa.table(columns) if wanted else table.select([])


def _tables(
    file: File,
    content: Path | IO[bytes],
    names: list[str],
    present: list[int],
    rows: int,
    row_groups: tuple[int, ...] | None,
) -> Iterator[pa.Table]:
    match format_of(file):
        case "feather":
            reader = _ipc(content)
            yield reader.schema.empty_table().rename_columns(names)
            for batch in _ipc_batches(reader):
                yield pa.Table.from_batches([batch]).rename_columns(names)
        case "orc":
            stripes = _orc(content)
            yield stripes.schema.empty_table().rename_columns(names)
            for number in range(stripes.nstripes):
                batch = stripes.read_stripe(number)
                yield pa.Table.from_batches([batch]).rename_columns(names)
        case _:
            yield from _parquet(content, names, present, rows, row_groups)


def _parquet(
    content: Path | IO[bytes],
    names: list[str],
    present: list[int],
    rows: int,
    row_groups: tuple[int, ...] | None,
) -> Iterator[pa.Table]:
    # Pre-buffered data stay in memory until the end of the file.
    with pyarrow.parquet.ParquetFile(content, pre_buffer=False) as table:
        yield table.schema_arrow.empty_table().rename_columns(names)
        own_names = table.schema_arrow.names
        # Selecting a repeated name returns all columns of that name.
        columns = list(dict.fromkeys(own_names[at] for at in present))
        # A batch ends where a run does, so that batches are the same wherever runs are read.
        for run in _runs(table.metadata) if row_groups is None else [row_groups]:
            # The other cores are used by the reader of the batches.
            for batch in table.iter_batches(rows, run, columns, use_threads=False):
                selected = _unique_of(batch.schema.names, own_names, names)
                yield pa.Table.from_batches([batch]).rename_columns(selected)


def _unique_of(selected: list[str], own_names: list[str], names: list[str]) -> list[str]:
    """The unique names of selected columns, which Arrow returns in the order of the selection.

    Args:
        selected: names of the columns as they stand in the file.
        own_names: names of all columns there, in order.
        names: their unique names.
    """
    positions = {
        own: iter([at for at, name in enumerate(own_names) if name == own]) for own in selected
    }
    return [names[next(positions[own])] for own in selected]


def _ipc(content: Path | IO[bytes]) -> pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchReader:
    """Feather files have an index at their end; an Arrow stream has none."""
    source = pa.memory_map(str(content)) if isinstance(content, Path) else content
    try:
        return pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source)


def _ipc_batches(
    reader: pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchReader,
) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from reader


def _orc(content: Path | IO[bytes]) -> "pyarrow.orc.ORCFile":
    # Imported when needed, as Arrow may be built without it.
    import pyarrow.orc

    return pyarrow.orc.ORCFile(content)


@contextmanager
def _readable(file: File) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, UnicodeError) as error:  # the latter for names of columns
        if "encrypt" in str(error).lower():
            raise SourceError(f"{file} is encrypted: write it without encryption") from error
        if "UTF8" in str(error):
            raise SourceError(
                f"{file} has texts that are not UTF-8: write them in UTF-8"
            ) from error
        raise SourceError(
            f"{file} is damaged, incomplete or not a {format_of(file)} file: write it again"
        ) from error
