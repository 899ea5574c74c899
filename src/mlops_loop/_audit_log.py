"""The audit log: one line for each transition, with time, actor, reason and metrics.

Entries form a chain: each holds the SHA-256 of the line of the one before it, so that one which was
changed, removed, inserted or moved no longer fits (see `AuditLog.verify`). A line that a crash tore
was never acknowledged; the hash in the next entry covers it as well.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from ._atomic import make_folder, sync_folder
from ._file_lock import file_lock
from ._formats import AUDIT_EVENT
from .errors import StoreError

# Key of the hash of the previous entry.
_PREVIOUS = "previous"
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


class Chain(NamedTuple):
    """What `AuditLog.verify` found.

    Attributes:
        entries: number of entries.
        head: hash of the last one; compare it with one that was noted elsewhere to find out
            whether the end of the log was cut off.
        torn: numbers of the lines that a crash tore.
    """

    entries: int
    head: str
    torn: tuple[int, ...] = ()


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
            end = _end(file)
            # A crash may have left an incomplete line.
            is_torn = end[-1] != b""
            chained = {**msgspec.to_builtins(entry), _PREVIOUS: _hash(end if is_torn else end[:1])}
            gap = b"\n" if is_torn else b""
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

    def verify(self) -> Chain:
        """Check that each entry follows the one before it.

        Raises:
            StoreError: naming the first line that does not follow, or is no entry.
        """
        count, known, ended = 0, 0, True
        others: list[int] = []
        end = [b""]
        for number, (line, document) in enumerate(self._documents(), 1):
            ended = line.endswith(b"\n")
            content = line.removesuffix(b"\n")
            if document is None:
                others.append(number)
                end.append(content)
                continue
            if document.get(_PREVIOUS) != _hash(end):
                raise self._broken(others[known:], number)
            count, known, end = count + 1, len(others), [content]
        if ended and others[known:]:
            raise self._broken(others[known:])
        return Chain(count, _hash(end[:1]), tuple(others))

    def _broken(self, others: list[int], number: int = 0) -> StoreError:
        """The error of a line that is no entry, or else of an entry that does not follow."""
        state = "is no entry" if others else "does not follow the entry before it"
        return StoreError(
            f"{self._path}, line {(others or [number])[0]}: it {state}, so that lines were changed,"
            " removed or inserted: find out who wrote to the file, and restore it from a backup"
        )

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


def _hash(lines: list[bytes]) -> str:
    """What the next entry holds: the hash of the last one, with what a crash left after it."""
    content = b"\n".join(lines)
    return sha256(content).hexdigest() if content else ""


def _end(file: BinaryIO) -> list[bytes]:
    """The last entry, empty if there is none, and what follows it up to the end of the file."""
    end, size = file.seek(0, os.SEEK_END), _BLOCK
    while True:
        start = max(0, end - size)
        file.seek(start)
        lines = file.read(end - start).split(b"\n")
        # The first line of a block may be the end of a longer one.
        for index in reversed(range(0 if start == 0 else 1, len(lines))):
            if _decode(lines[index]) is not None:
                return lines[index:]
        if start == 0:
            return [b"", *lines]
        size *= 2
