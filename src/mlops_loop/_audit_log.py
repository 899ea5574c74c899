"""The audit log: one line for each transition, with time, actor, reason and metrics."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ._atomic import make_folder, sync_folder
from ._formats import AUDIT_EVENT


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
        with self._path.open("a+b") as file:
            # A crash may have left an incomplete line.
            gap = b"\n" if _is_torn(file) else b""
            file.write(gap + AUDIT_EVENT.encode(entry) + b"\n")
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
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                with suppress(msgspec.DecodeError):  # torn by a crash, never acknowledged
                    document = msgspec.json.decode(line, type=dict[str, Any])
                    yield msgspec.convert(AUDIT_EVENT.upgraded(document, self._path), AuditEvent)


def _is_torn(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"
