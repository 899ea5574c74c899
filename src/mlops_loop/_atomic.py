"""Files and folders that appear complete or not at all, also when the machine loses power."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file under another name, and rename it when the block ends without an error.

    Content and name are on disk when this returns; folders on the way are created.

    Args:
        path: the file to create or replace.

    Yields:
        The file to write, in the same folder; it is removed if the block raises.

    Examples:
        >>> with atomic_write(tmp_path / "status.json") as draft:
        ...     _ = draft.write_text("{}", encoding="utf-8")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        yield draft
        sync_file(draft)
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: yields one to fill, which then takes the place of `path`."""
    draft = path.with_name(f".{path.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        for file in draft.rglob("*"):
            _sync_folder(file) if file.is_dir() else sync_file(file)
        _sync_folder(draft)
        shutil.rmtree(path, ignore_errors=True)
        draft.rename(path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def sync_file(path: Path) -> None:
    """Return when the content of a file is on disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows opens no folders; it keeps names in its own journal
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
