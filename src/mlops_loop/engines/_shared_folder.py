"""Folders that the workers of an engine share with the process that runs the command."""

import socket
from pathlib import Path

from ..errors import EngineError


def unseen(path: Path) -> EngineError:
    """The error of a worker that does not see a folder or file."""
    return EngineError(
        f"a worker on {socket.gethostname()} cannot see {path}: workers of other machines need it "
        "under the same path, e.g. on a network drive"
    )
