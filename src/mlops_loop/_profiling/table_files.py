"""The table to adopt, if it is in files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePosixPath

import pyarrow as pa

from .._file_systems import is_remote, local_path, shown
from .._settings import DETECT, Csv
from ..contract import Column
from ..data._remote import File
from ..data._sources import csv_format, excel
from ..data._sources import file as files
from ..data._sources.encoding import detect_encoding
from ..data._sources.file_discovery import find
from ..data._sources.formats import COLUMNAR, format_of, is_text
from ..data._sources.header import unique_names
from ..data._sources.malformed import MalformedRows
from ..data._sources.unquoted_missing import unquoted_missing
from ..errors import InputError
from .table import Malformed, Table, in_common_types
from .table_parts import Part, Workspace, complete, copy_parts

Dialect = Mapping[str, str | None]
# Formats whose blocks have the same types.
_OF_ONE_TYPE = ("csv", *COLUMNAR)
# Names of files that are usually different tables.
_PARTS = ("train", "test", "valid", "val", "sample_submission", "submission", "holdout")


def open_files(
    address: str,
    root: Path,
    given: Dialect,
    max_malformed: float,
    workspace: Workspace | None = None,
) -> Table:
    """Infer how to read files.

    Args:
        address: a path relative to the current folder, or a URL; of a file, folder or glob.
        root: the project's root; paths in its settings are relative to it.
        given: fields of `Csv` that are known; the others are detected.
        max_malformed: limit of the share of malformed rows.
        workspace: where the workers of an engine copy the files first; None to read them here.

    Raises:
        SourceError: if there is no file, or one of them cannot be read.
        InputError: if the files are different tables.
    """
    base = _base(root, local_path(address))
    found = replace(find(address, Path.cwd()), root=base)
    _require_one_table(address, found.files)
    csv, dialects = _dialects(found.files, given, found.root)
    headers = {
        file: files.header(file, dialect)
        for file, dialect in zip(found.files, dialects, strict=True)
    }
    columns = [
        files.column_names(file, dialect, found.root) for file, dialect in zip(headers, dialects)
    ]
    names = list(dict.fromkeys(name for own in columns for name in own))
    renamed = {
        name: given
        for header in headers.values()
        for given, name in zip(header, unique_names(header), strict=True)
        if given.split() != name.split()
    }
    malformed = Malformed()
    of_one_type = format_of(found.files[0]) in _OF_ONE_TYPE
    parts: tuple[Part, ...] = ()
    if workspace is not None:
        parts = copy_parts(found, dialects, names, workspace, of_one_type=of_one_type)

    def read() -> Iterator[pa.Table]:
        batches = (
            chain.from_iterable(part.tables() for part in parts)
            if parts
            else files.read_batches(found.files, malformed=True, dialects=dialects, root=found.root)
        )
        good = _well_formed(batches, malformed, max_malformed)
        return (complete(table, names) for table in good)

    notes = [*found.notes, *_about_headers(found.files, columns, names)]
    if csv is not None and csv.missing:
        words = ", ".join(map(repr, csv.missing))
        notes.append(f"{words} without quotes is missing, in quotes a value (csv.missing)")
    notes += [note for file in found.files if (note := excel.about_sheets(file))]
    named = shown(address) if is_remote(address) else _relative_to(base, local_path(address))
    if is_remote(address) and named != address:
        notes.append("password and query of the URL are not written: set `source` in .env")
    return Table(
        named,
        tuple(names),
        read if of_one_type else in_common_types(read),
        csv,
        renamed=renamed,
        notes=tuple(notes),
        malformed=malformed,
        lacking=_lacking(found.files, columns, names),
        parts=parts,
    )


def _require_one_table(address: str, found: Sequence[File]) -> None:
    """Raise InputError for a folder with e.g. train.csv beside test.csv."""
    if len(found) < 2 or any(sign in address for sign in "*?"):
        return
    stems = {PurePosixPath(str(file)).name.partition(".")[0].lower(): file for file in found}
    parts = [stem for stem in stems if stem.startswith(_PARTS)]
    kinds = {next(part for part in _PARTS if stem.startswith(part)) for stem in parts}
    if "train" in kinds and len(kinds) > 1:
        named = ", ".join(PurePosixPath(str(stems[stem])).name for stem in sorted(parts))
        train = next(str(stems[stem]) for stem in sorted(parts) if stem.startswith("train"))
        raise InputError(
            f"{address} has {named}, which are usually different tables: adopt one of them, e.g. "
            f"`adopt {train}`, or all with a glob, e.g. `adopt '{address.rstrip('/')}/*'`"
        )


def _dialects(found: Sequence[File], given: Dialect, root: Path) -> tuple[Csv | None, list[Csv]]:
    """The dialect of the largest file, which is that of most rows, and of each file."""
    if not is_text(found[0]):
        return None, [files.PLAIN] * len(found)
    largest = max(found, key=_size)
    encodings = {given["encoding"]} if "encoding" in given else set(map(detect_encoding, found))
    csv = csv_format.detect(largest, given)
    if len(encodings) > 1:
        csv = csv.model_copy(update={"encoding": DETECT})
    columns = [
        Column(name=name, type="text", nullable=True)
        for name in files.column_names(largest, csv, root)
    ]
    missing = {
        word
        for file in found
        for word in unquoted_missing(file, csv_format.with_encoding(file, csv))
    }
    csv = csv.model_copy(update={"missing": tuple(sorted(missing))})
    if len(found) == 1:
        return csv, [csv]
    return csv, [files.fitting(file, columns, csv, root) for file in found]


def _size(file: File) -> int:
    return file.stat().st_size if isinstance(file, Path) else file.size()


def _about_headers(
    found: Sequence[File], columns: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[str]:
    for file, own in zip(found, columns, strict=True):
        absent = [name for name in names if name not in own]
        if absent:
            yield f"{file} has no column {', '.join(absent[:5])}: missing in its rows"


def _lacking(
    found: Sequence[File], columns: Sequence[Sequence[str]], names: Sequence[str]
) -> dict[str, str]:
    """The first file without a column, and what it has, by column."""
    return {
        name: f"{file} has no column {name}, but {', '.join(own)}"
        for file, own in reversed([*zip(found, columns, strict=True)])
        for name in names
        if name not in own
    }


def _well_formed(
    batches: Iterator[pa.Table], malformed: Malformed, limit: float
) -> Iterator[pa.Table]:
    """The tables of values. Raises InputError at the end, if too many rows are malformed."""
    rows = count = 0
    first = ""
    for table in batches:
        bad = MalformedRows.of(table)
        if bad is None:
            rows += table.num_rows
            yield table
        else:
            first, count = first or bad.first, count + len(bad)
    malformed.rows, malformed.first = count, first
    if count > limit * (rows + count):
        raise InputError(
            f"{count} of {rows + count} rows are malformed, the first in {first}; more than "
            f"ingestion.max_bad_share ({limit:.0%}) allows. Correct the rows or the header, or, of "
            "CSV, give --delimiter, --quote or --escape"
        )


def _base(root: Path, address: Path) -> Path:
    """The folder that the address in the settings will be relative to; empty outside the project.

    So `ingest` finds the columns in the names of folders that `adopt` has found.
    """
    root = root.resolve()
    return root if (Path.cwd() / address).is_relative_to(root) else Path()


def _relative_to(base: Path, address: Path) -> str:
    path = Path.cwd() / address
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()
