"""The one thread that writes: it commits together what has gathered while it was writing."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Any, NamedTuple, TypeVar

from ..errors import StoreError
from .sqlite_file import SqliteFile

# Rows that may wait; at a few thousand rows a second this is many seconds behind.
CAPACITY = 50_000

T = TypeVar("T")


class Job(NamedTuple):
    """A change to make in somebody's transaction, and who waits for it to be durable."""

    work: Callable[[sqlite3.Connection], Any]
    rows: int
    future: Future[Any]


class GroupWriter:
    """Runs jobs on one connection, many jobs a transaction, in the order they were submitted.

    A commit costs a sync of the disk, whether it holds one row or a thousand. A future is done
    only after the commit. A job that fails does not fail its neighbours.
    """

    def __init__(self, file: SqliteFile, *, capacity: int = CAPACITY) -> None:
        self._file = file
        self._capacity = capacity
        self._connection: sqlite3.Connection | None = file.connect()
        self._changed = Condition()
        self._waiting: list[Job] = []
        self._rows = 0
        self._closed = False
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[sqlite3.Connection], T], *, rows: int = 1) -> Future[T]:
        """Queue a job of about so many rows; its future fails with StoreError if refused."""
        future: Future[T] = Future()
        # From here on it cannot be cancelled: a caller that goes away undoes nothing.
        future.set_running_or_notify_cancel()
        with self._changed:
            refusal = self._refusal(rows)
            if refusal is None:
                self._waiting.append(Job(work, rows, future))
                self._rows += rows
                if len(self._waiting) == 1:
                    self._changed.notify()
        if refusal is not None:
            future.set_exception(refusal)
        return future

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _refusal(self, rows: int) -> StoreError | None:
        if self._closed:
            return self._file.explain(StoreError("it is closed: open the log again"))
        # A job larger than the capacity is taken when nothing else waits, or it never could be.
        if self._waiting and self._rows + rows > self._capacity:
            return self._file.explain(
                StoreError(f"{self._rows} rows wait to be written: slow down and try again")
            )
        return None

    def _run(self) -> None:
        while group := self._gather():
            self._write(group)
        if self._connection is not None:
            self._connection.close()

    def _gather(self) -> list[Job]:
        """All that waits, as soon as something does; empty when closed and drained."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            group, self._waiting, self._rows = self._waiting, [], 0
            return group

    def _write(self, group: list[Job]) -> None:
        try:
            results = self._commit(group)
        except Exception as error:
            self._reset()
            if len(group) > 1 and not _is_of_the_store(error):
                # One of the jobs is bad. Alone, it fails only itself.
                for job in group:
                    self._write([job])
                return
            if isinstance(error, (sqlite3.Error, OSError)):
                error = self._file.explain(error)
            for job in group:
                job.future.set_exception(error)
        else:
            for job, result in zip(group, results, strict=True):
                job.future.set_result(result)

    def _commit(self, group: list[Job]) -> list[Any]:
        if self._connection is None:
            self._connection = self._file.connect()
        self._connection.execute("BEGIN IMMEDIATE")
        results = [job.work(self._connection) for job in group]
        self._connection.execute("COMMIT")
        return results

    def _reset(self) -> None:
        """Forget the connection and its open transaction; the next group starts afresh."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _is_of_the_store(error: Exception) -> bool:
    """Whether any job would have failed: a lock, the disk, the file; not a bad value."""
    damaged = type(error) is sqlite3.DatabaseError
    return damaged or isinstance(error, (sqlite3.OperationalError, OSError, StoreError))
