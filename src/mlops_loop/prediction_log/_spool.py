"""A log that goes on while its store is unavailable: records wait in a durable file on this host.

A store that does not answer for some seconds counts as unavailable, too. A thread carries the
records over as soon as the store is available again. It may do so twice, by two processes at once,
after a crash or a late answer: the store inserts a record once. A record that the store rejects is
archived in the file, so that it does not block those behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from threading import Event, Lock, Thread

import structlog

from ..errors import InputError, StoreError, StoreUnavailableError
from ._protocol import PredictionLog
from ._records import Counts, Label, LabelReport, LoggedRow, Record
from ._serialization import label_to_stored, to_stored
from ._spool_file import Spool, WaitingItem
from ._unanswered import Append, Unanswered

_SECONDS_BETWEEN_TRIES = 1.0
_TIMEOUT_SECONDS = 5.0


class SpooledLog:
    """A PredictionLog; reading raises StoreError while the store is unavailable.

    Args:
        open_store: opens the log in the store.
        spool: holds what waits.
        timeout: seconds within which the store should answer.

    Raises:
        StoreError: if the store is available but cannot be used, or the spool cannot be opened.
    """

    def __init__(
        self,
        open_store: Callable[[], PredictionLog],
        spool: Spool,
        *,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._open_store = open_store
        self._spool = spool
        self._timeout = timeout
        self._unanswered = Unanswered()
        self._lock = Lock()
        self._store: PredictionLog | None = None
        self._unavailable = Event()
        self._stopped = Event()
        try:
            self._opened()
        except StoreUnavailableError as error:
            self._became_unavailable(error)
        except BaseException:
            spool.close()
            raise
        self._thread = Thread(target=self._carry_over, name="spool", daemon=True)
        self._thread.start()

    def append(self, records: Sequence[Record]) -> Future[None]:
        store = self._store
        if store is None or self._unavailable.is_set():
            return self._keep(records)
        kept: Future[None] = Future()
        kept.set_running_or_notify_cancel()
        tried = store.append(records)
        self._unanswered.add(tried, records, kept)
        tried.add_done_callback(self._settle)
        return kept

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        """While the store is unavailable all of them count as early."""
        for label in labels:
            label_to_stored(label)
        if not self._unavailable.is_set():
            try:
                return self._opened().add_labels(labels)
            except StoreUnavailableError as error:
                self._became_unavailable(error)
        self._spool.keep_labels(labels).result()
        return LabelReport(early=len(labels))

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> list[LoggedRow]:
        return self._opened().sample(since, until, limit, labelled=labelled, version=version)

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        return self._opened().rows(since, until, labelled=labelled, version=version)

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        return self._opened().count(since, until, version=version)

    def totals(self) -> Counts:
        return self._opened().totals()

    def other_schemas(self) -> int:
        return self._opened().other_schemas()

    def get(self, prediction_id: str) -> LoggedRow | None:
        return self._opened().get(prediction_id)

    def erase(self, entity_key: str) -> int:
        # Nothing may be carried over while the store deletes.
        with self._lock:
            return self._spool.erase(entity_key) + self._opened_now().erase(entity_key)

    def prune(self, until: datetime, *, beyond: datetime | None = None) -> int:
        """What waits here stays, however old it is: it has not reached the store yet."""
        return self._opened().prune(until, beyond=beyond)

    def backlog(self) -> int:
        return self._spool.depth()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        if self._store is not None:
            # One that does not answer must not keep the process from ending.
            closing = Thread(target=self._store.close, name="close the store", daemon=True)
            closing.start()
            closing.join(self._timeout)
            self._keep_unanswered(0)
        self._spool.close()

    def _opened(self) -> PredictionLog:
        if self._store is not None:
            return self._store
        with self._lock:
            return self._opened_now()

    def _opened_now(self) -> PredictionLog:
        self._store = self._store or self._open_store()
        return self._store

    def _keep(self, records: Sequence[Record]) -> Future[None]:
        for record in records:
            to_stored(record)
        return self._spool.keep_records(records)

    def _settle(self, tried: Future[None]) -> None:
        append = self._unanswered.take(tried)
        if append is None:
            return  # The answer was late, and the records are in the spool.
        error = tried.exception()
        if isinstance(error, StoreUnavailableError):
            self._became_unavailable(error)
            self._keep_instead(append)
        else:
            _pass_on(append.kept, tried)

    def _keep_instead(self, append: Append) -> None:
        self._keep(append.records).add_done_callback(lambda done: _pass_on(append.kept, done))

    def _keep_unanswered(self, seconds: float) -> None:
        """Put into the spool what the store has had so many seconds for."""
        late = self._unanswered.take_older_than(seconds)
        if late:
            self._became_unavailable(_no_answer(self._timeout))
        for append in late:
            self._keep_instead(append)

    def _became_unavailable(self, error: StoreUnavailableError) -> None:
        if not self._unavailable.is_set():
            self._unavailable.set()
            _logger().warning("predictions wait for the store", reason=str(error))

    def _carry_over(self) -> None:
        while not self._stopped.wait(_SECONDS_BETWEEN_TRIES):
            self._keep_unanswered(self._timeout)
            # Another process, one that died perhaps, may have left something as well.
            with suppress(StoreError):
                if self._unavailable.is_set() or self._spool.depth():
                    self._empty()

    def _empty(self) -> None:
        """Carry over what waits; raises StoreError if the store is still unavailable."""
        self._await(self._opened().append([]))
        self._unavailable.clear()
        waiting = True
        while waiting and not self._stopped.is_set():
            with self._lock:
                waiting = self._carry_page()

    def _carry_page(self) -> bool:
        page = self._spool.page()
        if not page:
            return False
        store = self._opened_now()
        try:
            self._send(store, page)
        except StoreUnavailableError:
            raise
        except (StoreError, InputError):
            # One of the items is bad. Alone, it fails only itself.
            for item in page:
                self._carry_item(store, item)
        self._spool.drop(page[-1].number)
        return True

    def _carry_item(self, store: PredictionLog, item: WaitingItem) -> None:
        """Carry one item over, or archive it if the store accepts others."""
        try:
            self._send(store, [item])
        except StoreUnavailableError:
            raise
        except (StoreError, InputError) as error:
            self._await(store.append([]))
            self._spool.archive_item(item.number, str(error))
            _logger().error(
                "rejected by the store, archived in the spool",
                prediction_id=item.content.prediction_id,
                reason=str(error),
            )

    def _send(self, store: PredictionLog, items: Sequence[WaitingItem]) -> None:
        records = [item.content for item in items if isinstance(item.content, Record)]
        self._await(store.append(records))
        labels = [item.content for item in items if isinstance(item.content, Label)]
        report = store.add_labels(labels)
        if report.conflicting:
            _logger().warning(
                "conflicting labels; the recorded ones stay", prediction_ids=report.conflicting
            )
        if report.dropped:
            _logger().warning(
                "too many labels wait for their prediction; some left out",
                prediction_ids=report.dropped,
            )
        if report.other_target:
            _logger().warning(
                "labels of predictions about another target left out",
                prediction_ids=report.other_target,
            )

    def _await(self, appended: Future[None]) -> None:
        try:
            appended.result(self._timeout)
        except TimeoutError as error:
            raise _no_answer(self._timeout) from error


def _no_answer(seconds: float) -> StoreUnavailableError:
    return StoreUnavailableError(f"the store has not answered within {seconds:g} s")


def _logger() -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger()
    return logger


def _pass_on(outcome: Future[None], done: Future[None]) -> None:
    if error := done.exception():
        outcome.set_exception(error)
    else:
        outcome.set_result(None)
