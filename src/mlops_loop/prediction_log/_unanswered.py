"""Appends that the store has not answered yet, and which of them it has had enough time for."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock
from typing import NamedTuple

from ._records import Record


class Append(NamedTuple):
    """Records on their way to the store, and the future of the caller."""

    records: Sequence[Record]
    kept: Future[None]
    began: float


class Unanswered:
    """Appends in order, by the store's future; any thread may take one out, and only once."""

    def __init__(self) -> None:
        self._appends: dict[Future[None], Append] = {}
        self._lock = Lock()

    def add(self, tried: Future[None], records: Sequence[Record], kept: Future[None]) -> None:
        with self._lock:
            self._appends[tried] = Append(records, kept, time.monotonic())

    def take(self, tried: Future[None]) -> Append | None:
        """The append, unless it was taken before."""
        with self._lock:
            return self._appends.pop(tried, None)

    def take_older_than(self, seconds: float) -> list[Append]:
        """The appends that wait for longer."""
        limit = time.monotonic() - seconds
        with self._lock:
            late = [tried for tried, append in self._appends.items() if append.began <= limit]
            return [self._appends.pop(tried) for tried in late]
