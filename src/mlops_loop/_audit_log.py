"""The audit log: one line for each transition, with time, actor, reason and metrics.

Entries form a chain: each holds the SHA-256 of the line of the one before it, so that one which was
changed, removed, inserted or moved no longer fits (see `AuditLog.verify`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ._atomic import make_folder, sync_folder
from ._file_lock import file_lock
from ._formats import AUDIT_EVENT
from .errors import StoreError

# Key of the hash of the previous entry, and its value in the first one.
_PREVIOUS = "previous"
_START = ""
_BLOCK = 8_192


@dataclass(frozen=True)
class AuditEvent:
    time: datetime
    kind: str
    actor: str
    reason: str
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The reason, with the version that it is about."""
        version = self.details.get("version")
        is_named = not version or f"version {version}" in self.reason
        return self.reason if is_named else f"version {version}: {self.reason}"

    def summary(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M}  {self.kind:<10} {self.text} ({self.actor})"

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "time": self.time.isoformat()}


INTENT = "intent"


class AuditLog:
    """An append-only file of JSON lines, each synced to disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entry: AuditEvent) -> None:
        is_new = not self._path.exists()
        make_folder(self._path.parent)
        with (
            file_lock(self._path.with_name(f".{self._path.name}.lock")),
            self._path.open("a+b") as file,
        ):
            chained = {**msgspec.to_builtins(entry), _PREVIOUS: _hash(_last_entry(file))}
            # A crash may have left an incomplete line.
            gap = b"\n" if _is_torn(file) else b""
            file.write(gap + AUDIT_EVENT.encode(chained) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._path.parent)

    def completed(self) -> Iterator[AuditEvent]:
        """Completed transitions, oldest first: entries without the intents before them."""
        return (entry for entry in self.entries() if entry.kind != INTENT)

    def entries(self) -> Iterator[AuditEvent]:
        """All entries, oldest first.

        Raises:
            StoreError: at the first entry whose format is not known.
        """
        for _, document in self._documents():
            if document is not None:
                yield msgspec.convert(AUDIT_EVENT.upgraded(document, self._path), AuditEvent)

    def verify(self) -> tuple[int, str]:
        """Check that each entry follows the one before it.

        Returns:
            The number of entries, and the hash of the last one: compare it with one that was
            noted elsewhere to find out whether the end of the log was cut off.

        Raises:
            StoreError: naming the first line that does not follow.
        """
        count, head = 0, _START
        for number, (line, document) in enumerate(self._documents(), 1):
            if document is None:
                continue
            if document.get(_PREVIOUS) != head:
                raise StoreError(
                    f"{self._path}, line {number}: it does not follow the entry before it, so that"
                    " lines were changed, removed or inserted: find out who wrote to the file, and"
                    " restore it from a backup"
                )
            count, head = count + 1, _hash(line)
        return count, head

    def _documents(self) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
        """Lines with their content; None for one torn by a crash, which was never acknowledged."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for line in file:
                yield line, _decode(line)


def _decode(line: bytes) -> dict[str, Any] | None:
    with suppress(msgspec.DecodeError):
        document: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        return document
    return None


def _hash(line: bytes | None) -> str:
    return _START if line is None else sha256(line.removesuffix(b"\n")).hexdigest()


def _last_entry(file: BinaryIO) -> bytes | None:
    """The line of the last entry; None if there is none."""
    end, size = file.seek(0, os.SEEK_END), _BLOCK
    while True:
        start = max(0, end - size)
        file.seek(start)
        lines = file.read(end - start).split(b"\n")
        # The first line of a block may be the end of a longer one.
        for line in reversed(lines if start == 0 else lines[1:]):
            if _decode(line) is not None:
                return line
        if start == 0:
            return None
        size *= 2


def _is_torn(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
