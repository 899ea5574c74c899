"""The files at an address: one file, a folder, or a glob."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..._file_systems import is_remote, local_path
from ...errors import SourceError
from .._remote import File, find_remote
from .compression import is_hidden
from .conversion import require_readable
from .formats import FORMATS, format_of

_MOST_NAMED = 3
# Folders that table formats with versions keep beside their Parquet files.
_LAKES = {"_delta_log": "Delta", ".hoodie": "Hudi"}


@dataclass(frozen=True)
class FoundFiles:
    """Files of one format, sorted by name.

    Attributes:
        notes: remarks about what was skipped beside them.
        root: the folder that their address is relative to; empty for a URL or an absolute path.
    """

    files: list[File]
    notes: tuple[str, ...] = ()
    root: Path = Path()


def find_files(address: str, root: Path) -> list[File]:
    """Only the files of `find`."""
    return find(address, root).files


def find(address: str, root: Path) -> FoundFiles:
    """The table files at a path or URL, in a folder or of a glob.

    Of a folder, hidden files and files of other formats are skipped, and empty ones beside others.

    Raises:
        SourceError: if there are none, or files of several formats.
        InputError: if a URL leads nowhere.
    """
    if is_remote(address):
        files, folder = find_remote(address)
        base = str(files[0]).rpartition("/")[0] if not folder else folder
        return _chosen(files, address, PurePosixPath(base), is_folder=bool(folder))
    path = local_path(address)
    found = _local(address, root / path)
    return found if path.is_absolute() else replace(found, root=root)


def _local(address: str, place: Path) -> FoundFiles:
    if place.is_file():
        require_readable(place)
        return FoundFiles([place])
    if place.is_dir():
        inside: list[File] = [file for file in place.rglob("*") if file.is_file()]
        return _chosen(inside, str(place), PurePosixPath(place.as_posix()), is_folder=True)
    if not glob.has_magic(address):
        raise SourceError(f"no file or folder {place}: check its address")
    matches: list[File] = [file for file in _glob(place) if file.is_file()]
    return _chosen(matches, str(place), PurePosixPath(place.as_posix()), is_folder=False)


def _glob(pattern: Path) -> list[Path]:
    """The matches of a glob; brackets in the names of folders that exist are not a pattern."""
    literal = Path(pattern.anchor)
    parts = list(pattern.parts[1:] if pattern.anchor else pattern.parts)
    while parts and (literal / parts[0]).is_dir():
        literal /= parts.pop(0)
    below = Path(*parts).as_posix()
    return [literal / name for name in glob.glob(below, root_dir=literal, recursive=True)]


def _chosen(
    files: Sequence[File], where: str, base: PurePosixPath, *, is_folder: bool
) -> FoundFiles:
    """The table files; a folder may have others, of a glob each one has to be a table."""
    notes: list[str] = []
    if is_folder:
        _require_no_lake(files, where)
        hidden = [file for file in files if is_hidden(_below(base, file))]
        visible = [file for file in files if file not in set(hidden)]
        # A .txt in a folder may be a note.
        others = [file for file in visible if format_of(file) is None or _is_txt(file)]
        files = [file for file in visible if file not in set(others)]
        notes += _skipped([file for file in hidden if format_of(file)], base, "hidden")
        notes += _skipped(others, base, "other")
    empty = [file for file in files if isinstance(file, Path) and not file.stat().st_size]
    if len(empty) < len(files):
        files = [file for file in files if file not in set(empty)]
        notes += _skipped(empty, base, "empty")
    if not files:
        raise SourceError(f"{where}: no .csv or .parquet file" + _hint(notes))
    for file in files:
        require_readable(file)
    formats = {format_of(file) for file in files}
    if len(formats) > 1:
        endings = ", ".join(sorted({PurePosixPath(str(file)).suffix for file in files}))
        raise SourceError(
            f"{where}: found {endings}; expected only .csv, or only .parquet: give a glob, "
            f"e.g. '{where.rstrip('/')}/*{PurePosixPath(str(files[0])).suffix}'"
        )
    return FoundFiles(sorted(files, key=str), tuple(notes))


def _require_no_lake(files: Sequence[File], where: str) -> None:
    """Raise SourceError for a folder in which old versions of rows lie beside current ones."""
    folders = {part for file in files for part in PurePosixPath(str(file)).parts}
    for mark, name in _LAKES.items():
        if mark in folders:
            raise SourceError(
                f"{where} is a {name} table, whose files hold deleted rows too: export its rows as "
                "Parquet, or read it with a source of your own"
            )


def _is_txt(file: File) -> bool:
    return PurePosixPath(str(file)).suffix.lower() == ".txt"


def _below(base: PurePosixPath, file: File) -> PurePosixPath:
    path = PurePosixPath(file.as_posix() if isinstance(file, Path) else str(file))
    return path.relative_to(base) if path.is_relative_to(base) else PurePosixPath(path.name)


def _skipped(files: Sequence[File], base: PurePosixPath, kind: str) -> list[str]:
    if not files:
        return []
    names = sorted(str(_below(base, file)) for file in files)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [f"skipped {kind} files in {base.name}: {', '.join(names[:_MOST_NAMED])}{more}"]


def _hint(notes: Sequence[str]) -> str:
    return f" ({'; '.join(notes)})" if notes else f"; read are {', '.join(sorted(FORMATS))}"
