"""Compressed text files, which are read as they come."""

import bz2
import errno
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from ...errors import SourceError
from .._remote import File, opened

# What decompression raises if a file is damaged.
_DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


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
    try:
        return archive.open(names[0])
    except RuntimeError as error:
        raise SourceError(
            f"the archive {archive.filename or ''} is encrypted, or its compression is not "
            "supported: unpack it into a folder"
        ) from error


_DECOMPRESSION: dict[str, Callable[[Any], Any]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": _zstandard,
    ".zip": _unzipped,
}


def endings(file: File) -> tuple[str, str]:
    """The ending that names the format, and that of the compression, in lower case."""
    path = PurePosixPath(str(file).lower().replace("\\", "/"))
    if path.suffix in _DECOMPRESSION:
        return (
            PurePosixPath(path.stem).suffix or (".csv" if path.suffix == ".zip" else ""),
            path.suffix,
        )
    return path.suffix, ""


def is_hidden(path: PurePosixPath) -> bool:
    """Whether a tool put the file aside: `.name`, `_name`, `~$name` of Excel, a checkpoint."""
    return any(part.startswith((".", "_", "~$")) and part not in (".", "..") for part in path.parts)


def _is_of_data(error: OSError, decompress: Callable[[Any], Any] | None) -> bool:
    """Whether decompression raised this error, rather than the disk."""
    return decompress is not None and error.errno in (None, errno.EINVAL)


@contextmanager
def opened_text(file: File) -> Iterator[IO[bytes]]:
    """The bytes of a text file, decompressed.

    Raises:
        SourceError: if it is damaged.
    """
    decompress = _DECOMPRESSION.get(endings(file)[1])
    with ExitStack() as stack:
        source = stack.enter_context(opened(file))
        content = stack.enter_context(source.open("rb")) if isinstance(source, Path) else source
        try:
            yield stack.enter_context(decompress(content)) if decompress else content
        except (*_DAMAGED, OSError) as error:
            if not isinstance(error, _DAMAGED) and not _is_of_data(error, decompress):
                raise
            raise SourceError(f"{file} is damaged or incomplete: write it again") from error
