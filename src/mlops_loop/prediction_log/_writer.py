"""Group commit: one thread writes together what was submitted during the previous commit."""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Any, NamedTuple, Protocol

import structlog

from ..errors import StoreError

# Rows that may wait; at a few thousand rows per second this is a delay of many seconds.
CAPACITY = 50_000


class WriteBackend(Protocol):
    """A store as the writer sees it; used by one thread at a time.

    `name` is what messages call the store.
    """

    @property
    def name(self) -> str: ...

    def commit(self, works: Sequence[Any]) -> list[Any]:
        """Run all jobs, in order; durable on return. Returns the result of each.

        An exception in place of a result means that this job was rejected. If one is raised,
        either none was run, or running all again is harmless.
        """

    def explain(self, error: Exception) -> Exception:
        """The error for the callers: a StoreError if it is about the store."""

    def is_backend_error(self, error: Exception) -> bool:
        """Whether any job would have failed: a lock, the disk, the network; not a bad value."""

    def close(self) -> None:
        """Close the store."""


class Job(NamedTuple):
    """A queued job, its number of rows, and the future that is done when it is durable."""

    work: Any
    rows: int
    future: Future[Any]


class GroupCommitWriter:
    """Writes queued jobs, many per commit, in the order they were submitted.

    A commit waits for a disk, whether it holds one row or a thousand. A future is done only
    after the commit. A job that fails does not fail the others.

    Args:
        backend: the store; it is closed with the writer.
        capacity: limit of rows that wait.
        acknowledged: whether `submit_write` waits for the commit.
    """

    def __init__(
        self, backend: WriteBackend, *, capacity: int = CAPACITY, acknowledged: bool = True
    ) -> None:
        self._backend = backend
        self._capacity = capacity
        self._acknowledged = acknowledged
        self._changed = Condition()
        self._waiting: list[Job] = []
        self._rows = 0
        self._closed = False
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)
        self._thread.start()

    def submit(self, work: Any, *, rows: int = 1) -> Future[Any]:
        """Queue a job of about `rows` rows; the future of a rejected one holds a StoreError."""
        future: Future[Any] = Future()
        # From here on it cannot be cancelled, even if the caller does not wait any longer.
        future.set_running_or_notify_cancel()
        with self._changed:
            rejection = self._rejection(rows)
            if rejection is None:
                self._waiting.append(Job(work, rows, future))
                self._rows += rows
                if len(self._waiting) == 1:
                    self._changed.notify()
        if rejection is not None:
            future.set_exception(StoreError(f"{self._backend.name}: {rejection}"))
        return future

    def submit_write(self, work: Any, *, rows: int) -> Future[None]:
        """Queue a job; the future is done when it is durable, at once unless acknowledged."""
        future = self.submit(work, rows=rows)
        if self._acknowledged or future.done():
            return future
        future.add_done_callback(_log_loss)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def close(self) -> None:
        """Write all waiting jobs, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _rejection(self, rows: int) -> str | None:
        if self._closed:
            return "it is closed: open the log again"
        # A job larger than the capacity is accepted when nothing else waits, or it never could be.
        if self._waiting and self._rows + rows > self._capacity:
            return f"{self._rows} rows wait to be written: slow down and try again"
        return None

    def _run(self) -> None:
        while group := self._gather():
            self._write(group)
        self._backend.close()

    def _gather(self) -> list[Job]:
        """All waiting jobs, as soon as there is one; empty when closed and drained."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            group, self._waiting, self._rows = self._waiting, [], 0
            return group

    def _write(self, group: list[Job]) -> None:
        try:
            results = self._backend.commit([job.work for job in group])
        except Exception as error:
            if len(group) > 1 and not self._backend.is_backend_error(error):
                # One of the jobs is invalid. Run separately, it fails only itself.
                for job in group:
                    self._write([job])
                return
            results = [error] * len(group)
        for job, result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                job.future.set_exception(self._backend.explain(result))
            else:
                job.future.set_result(result)


def _log_loss(future: Future[Any]) -> None:
    if error := future.exception():
        logger: structlog.stdlib.BoundLogger = structlog.get_logger()
        logger.error("predictions were not stored", reason=str(error))
