"""Files and folders that appear complete or not at all, also when the machine loses power.

Content is synced before the rename that makes it visible, and the folder that holds the name after.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex


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
    make_folder(path.parent)
    # Unique on all machines: process numbers of containers that share a folder are the same.
    draft = path.with_name(f".{path.name}.{token_hex(8)}.draft")
    try:
        yield draft
        sync_file(draft)
        draft.replace(path)
        sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: yields one to fill, which then takes the place of `path`.

    The folder that it replaces is deleted last.
    """
    draft, replaced = (path.with_name(f".{path.name}.{end}") for end in ("draft", "replaced"))
    make_folder(path.parent)
    for leftover in (draft, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        sync_tree(draft)
        if path.exists():
            path.rename(replaced)
        draft.rename(path)
        sync_folder(path.parent)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def make_folder(path: Path) -> None:
    """Create a folder and those above it, which only the current user may enter.

    Their names are on disk when this returns.
    """
    if path.is_dir():
        return
    new = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(new):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)
    path.mkdir(exist_ok=True)  # raises an error if it is a file


def rename_damaged(path: Path) -> None:
    """Let a file that cannot be read end in `.damaged`, where nothing reads it, if possible."""
    with suppress(OSError):
        path.replace(path.with_suffix(".damaged"))


def sync_tree(folder: Path) -> None:
    """Return when all files and folders in a folder are on disk."""
    for path in folder.rglob("*"):
        sync_folder(path) if path.is_dir() else sync_file(path)
    sync_folder(folder)


def sync_file(path: Path) -> None:
    """Return when the content of a file is on disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on disk."""
    if os.name == "nt":  # Windows opens no folders; it keeps names in its own journal
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
