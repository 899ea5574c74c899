"""Folders for the data of servers."""

import os
import shutil
import tempfile
from pathlib import Path


def reachable(folder: Path) -> Path:
    """A folder that the account of a server can enter; as root not below pytest's own."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return folder
    parent = Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))
    parent.chmod(0o711)
    return parent / folder.name


def discard(folder: Path) -> None:
    """Delete a folder of `reachable`, forty megabytes of PostgreSQL."""
    is_own = not hasattr(os, "geteuid") or os.geteuid()
    shutil.rmtree(folder if is_own else folder.parent, ignore_errors=True)
