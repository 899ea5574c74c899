"""Files behind URLs, e.g. of object stores, as tables are read from and written to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from .._file_systems import is_remote, local_path, open_file_system, shown
from ..errors import InputError, ProjectError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True)
class RemoteFile:
    """A file behind a URL; `name` is that URL without what opens it."""

    fs: "AbstractFileSystem"
    path: str
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    def sibling(self, ending: str) -> "RemoteFile":
        """The file whose name ends in something else."""
        stem = len(self.suffix)
        path = self.path.partition("?")[0] if self.name.startswith("http") else self.path
        return RemoteFile(
            self.fs, path[: len(path) - stem] + ending, self.name[: len(self.name) - stem] + ending
        )

    def state(self) -> str:
        """A text that changes when the file does, e.g. an ETag."""
        with _input_errors(self.name):
            info = self.fs.info(self.path)
        return str(sorted((key, str(value)) for key, value in info.items() if key != "name"))

    def size(self) -> int:
        """Size in bytes; 0 if the store does not tell."""
        with _input_errors(self.name):
            return int(self.fs.size(self.path) or 0)

    def put(self, file: Path) -> None:
        """Upload a local file.

        Raises:
            InputError: if the store fails.
        """
        with _input_errors(self.name):
            self.fs.put_file(str(file), self.path)

    def remove(self) -> None:
        """Delete the file, if it is there."""
        with _input_errors(self.name):
            if self.fs.exists(self.path):
                self.fs.rm_file(self.path)


File = Path | RemoteFile


def locate(address: str) -> File:
    """The file at a path or URL, which need not exist.

    Raises:
        InputError: if nothing here knows the protocol.
    """
    if not is_remote(address):
        return local_path(address)
    fs, path = open_file_system(address)
    return RemoteFile(fs, path, shown(address))


def is_file_url(address: str) -> bool:
    """Whether an address is a URL that fsspec opens, e.g. `s3://…`."""
    from fsspec import available_protocols

    return address.partition("://")[0] in {"local", *available_protocols()}


def find_remote(address: str) -> tuple[list[File], str]:
    """The file at a URL, those in the folder there, or those of a glob; and that folder, if any.

    Raises:
        InputError: if there is no file, or the store fails.
    """
    location = locate(address)
    assert isinstance(location, RemoteFile)
    folder = ""
    with _input_errors(location.name):
        if location.fs.isfile(location.path):
            return [location], folder
        if location.fs.isdir(location.path):
            folder = location.name.rstrip("/")
            paths = location.fs.find(location.path)
        else:
            paths = location.fs.glob(location.path)
    if not paths:
        raise InputError(f"nothing to read at {location}: check its address")
    names = [shown(location.fs.unstrip_protocol(path)) for path in paths]
    files = [RemoteFile(location.fs, *entry) for entry in zip(paths, names, strict=True)]
    return [*files], folder


@contextmanager
def opened(file: File) -> Iterator[Path | IO[bytes]]:
    """What Arrow reads a file from: its path, or a stream."""
    if isinstance(file, Path):
        yield file
        return
    try:
        with file.fs.open(file.path, "rb") as stream:
            yield stream
    except (ProjectError, pa.ArrowException, OSError, UnicodeError, LookupError):
        raise
    except Exception as error:  # each protocol has its own exceptions
        raise OSError(f"{type(error).__name__}: {error}") from error


@contextmanager
def _input_errors(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each protocol has its own exceptions
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{name} cannot be reached: {reason}") from error
