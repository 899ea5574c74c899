"""Tags of a run that identify its code: git commit and lock."""

import hashlib
import subprocess
from pathlib import Path

UNKNOWN = "unknown"
LOCK = "poetry.lock"


def code_tags(root: Path) -> dict[str, str]:
    """Digest of the lock, git commit, and whether there are uncommitted changes."""
    lock = root / LOCK
    return {
        "lock_digest": _digest(lock.read_bytes()) if lock.is_file() else UNKNOWN,
        "git_commit": _git(root, "rev-parse", "HEAD") or UNKNOWN,
        "git_dirty": _dirty(root),
    }


def _dirty(root: Path) -> str:
    changes = _git(root, "status", "--porcelain")
    return UNKNOWN if changes is None else str(bool(changes)).lower()


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
