"""Files of a package: found, copied with the same permissions everywhere, and zipped."""

import gzip
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

# Zipping the same files twice gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_NOT_SOURCE = re.compile(r"(.*/)?(__pycache__|[^/]+\.egg-info|\.DS_Store)(/.*)?")


def paths_below(folder: Path) -> list[str]:
    """The paths of all files below a folder, relative to it and sorted; links are followed."""
    return sorted(path.relative_to(folder).as_posix() for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def is_source(path: str) -> bool:
    """Whether a file was written, and not left by an interpreter or an installer."""
    return not _NOT_SOURCE.fullmatch(path)


def copy_files(source: Path, target: Path, is_included: Callable[[str], bool] = is_source) -> None:
    """Copy the files of a folder; folders on the way are created.

    Args:
        source: folder to copy from.
        target: folder to copy to.
        is_included: called with the path of each file, relative to `source`.
    """
    for path in paths_below(source):
        if is_included(path):
            copy_file(source / path, target / path)


def copy_file(source: Path, target: Path) -> None:
    """Copy the content of a file, and whether it can be executed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def set_permissions(folder: Path) -> None:
    """Let every user read all files and folders, whatever the umask was."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def write_zip(folder: Path, path: Path) -> None:
    """Zip the files of a folder, sorted and without their times."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in paths_below(folder):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3  # Unix, which keeps permissions, on whatever system
            entry.external_attr = (folder / name).stat().st_mode << 16
            archive.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)


def write_tar(folder: Path, path: Path) -> None:
    """Write the files of a folder to a `.tar.gz`, sorted and without their times and owners."""
    with (
        path.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in paths_below(folder):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = (folder / name).stat().st_size, 0o644
            with (folder / name).open("rb") as content:
                archive.addfile(entry, content)
