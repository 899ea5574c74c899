"""The state of a file, which differs when its content does."""

from pathlib import Path

from .._remote import File


def file_state(file: File) -> tuple[str | int, ...]:
    """Path, size and time of the last change; of a file behind a URL what its store tells."""
    if isinstance(file, Path):
        return str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns
    return file.name, file.state()
