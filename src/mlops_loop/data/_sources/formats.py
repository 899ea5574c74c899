"""Formats of table files, by the endings of their names; compressed text is read as it comes."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

import pyarrow as pa

from ...errors import SourceError
from .._remote import File, opened

Format = Literal["csv", "json lines", "parquet", "feather", "orc", "excel"]
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "json lines",
    ".ndjson": "json lines",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".orc": "orc",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".xlsb": "excel",
    ".ods": "excel",
}
# What decompression raises if a file is damaged.
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
# Formats with types of their own, which all have one writer's schema.
COLUMNAR = ("parquet", "feather", "orc")
_TEXT = ("csv", "json lines")
# Functions of pandas that read what is not read here.
_PANDAS = {
    ".json": "read_json('{}')",
    ".dta": "read_stata('{}')",
    ".sas7bdat": "read_sas('{}')",
    ".xpt": "read_sas('{}')",
    ".sav": "read_spss('{}')",
    ".pkl": "read_pickle('{}')",
    ".pickle": "read_pickle('{}')",
    ".h5": "read_hdf('{}')",
    ".xml": "read_xml('{}')",
    ".html": "read_html('{}')[0]",
    ".htm": "read_html('{}')[0]",
    ".fwf": "read_fwf('{}')",
}


def _zstandard(content: IO[bytes]) -> IO[bytes]:
    stream: IO[bytes] = pa.CompressedInputStream(content, "zstd")
    return stream


def _unzipped(content: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(content)
    names = [
        name
        for name in archive.namelist()
        if not name.endswith("/") and not is_hidden(PurePosixPath(name))
    ]
    if len(names) != 1:
        raise SourceError(
            f"the archive {archive.filename or ''} has {len(names)} files instead of one: unpack "
            "it into a folder"
        )
    return archive.open(names[0])


_DECOMPRESSION: dict[str, Callable[[Any], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstandard,
    ".zip": _unzipped,
}


def format_of(file: File) -> Format | None:
    """The format of a file, by the ending of its name; None if it is none of ours."""
    ending, compression = _endings(file)
    found = FORMATS.get(ending)
    return None if compression and found not in _TEXT else found


def is_text(file: File) -> bool:
    """Whether a file is delimited text, by its ending."""
    return format_of(file) == "csv"


def is_hidden(path: PurePosixPath) -> bool:
    """Whether a tool put the file aside: `.name`, `_name`, a checkpoint of a notebook."""
    return any(part.startswith((".", "_")) and part not in (".", "..") for part in path.parts)


def require_readable(file: File) -> None:
    """Check that the format of a file is one of ours.

    Raises:
        SourceError: if it is not; the message has the line that converts the file.
    """
    if format_of(file) is not None:
        return
    ending, compression = _endings(file)
    name = PurePosixPath(str(file)).name
    if compression:
        raise SourceError(f"{file}: decompress it first; only text files are read compressed")
    stem = name.removesuffix(PurePosixPath(name).suffix)
    if ending in _PANDAS:
        call = _PANDAS[ending].format(name)
        raise SourceError(
            f'{file}: {ending} files are not read. Convert it: python -c "import pandas; '
            f"pandas.{call}.to_parquet('{stem}.parquet')\""
        )
    raise SourceError(
        f"{file}: files that end in {ending or 'nothing'} are not read; convert it to .csv or "
        f".parquet (also read: {', '.join(sorted(FORMATS))})"
    )


@contextmanager
def opened_text(file: File) -> Iterator[IO[bytes]]:
    """The bytes of a text file, decompressed.

    Raises:
        SourceError: if it is damaged.
    """
    decompress = _DECOMPRESSION.get(_endings(file)[1])
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        content = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        try:
            yield stack.enter_context(decompress(content)) if decompress else content
        except _DAMAGED as error:
            raise SourceError(f"{file} is damaged or incomplete: write it again") from error


def _endings(file: File) -> tuple[str, str]:
    """The ending that names the format, and that of the compression, in lower case."""
    path = PurePosixPath(str(file).lower().replace("\\", "/"))
    if path.suffix in _DECOMPRESSION:
        return (
            PurePosixPath(path.stem).suffix or (".csv" if path.suffix == ".zip" else ""),
            path.suffix,
        )
    return path.suffix, ""
