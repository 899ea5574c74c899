"""A spooled log whose store rejects some records, or is unavailable."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlops_loop.errors import StoreError, StoreUnavailableError
from mlops_loop.prediction_log import (
    Counts,
    Label,
    LabelReport,
    PredictionLog,
    Record,
    open_prediction_log,
)
from mlops_loop.prediction_log._spool import SpooledLog
from mlops_loop.prediction_log._spool_file import Spool

from .polling import wait_until
from .records import label, record


class SelectiveLog:
    """A SQLite log that rejects what is about the prediction `bad`, and may be unavailable."""

    def __init__(self, log: PredictionLog) -> None:
        self._log = log
        self.available = True
        self.full = False

    def append(self, records: Sequence[Record]) -> Future[None]:
        try:
            self._check([each.prediction_id for each in records])
        except StoreError as error:
            failed: Future[None] = Future()
            failed.set_exception(error)
            return failed
        return self._log.append(records)

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        self._check([each.prediction_id for each in labels])
        return self._log.add_labels(labels)

    def _check(self, ids: list[str]) -> None:
        if not self.available:
            raise StoreUnavailableError("no connection")
        if self.full:
            raise StoreError("the disk is full")
        if "bad" in ids:
            raise StoreError("invalid value")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.fixture
def store(tmp_path: Path) -> SelectiveLog:
    return SelectiveLog(open_prediction_log("sqlite:///log.db", root=tmp_path))


@pytest.fixture
def log(store: Any, tmp_path: Path) -> Iterator[SpooledLog]:
    with closing(SpooledLog(lambda: store, Spool(tmp_path / "spool"))) as log:
        yield log


def test_a_rejected_record_or_label_is_not_spooled(log: SpooledLog) -> None:
    with pytest.raises(StoreError, match="invalid value"):
        log.append([record("bad")]).result()
    with pytest.raises(StoreError, match="invalid value"):
        log.add_labels([label("bad")])
    assert log.backlog() == 0
    log.append([record("good")]).result()
    assert log.totals() == Counts(1, 0)


def test_a_rejected_item_does_not_block_those_behind_it(
    log: SpooledLog, store: SelectiveLog, tmp_path: Path
) -> None:
    store.available = False
    for name in ("first", "bad", "last"):
        log.append([record(name, entity_key=name)]).result()
        log.add_labels([label(name)])
    assert log.backlog() == 6
    store.available = True
    wait_until(lambda: log.backlog() == 0)
    assert log.totals() == Counts(2, 2)
    # It is set aside rather than lost, and erased with its entity.
    assert log.erase("bad") == 1


def test_a_store_that_rejects_everything_keeps_the_backlog(
    log: SpooledLog, store: SelectiveLog
) -> None:
    store.available = False
    log.append([record("first"), record("last")]).result()
    store.full = store.available = True
    # Every attempt fails as a whole.
    for _ in range(3):
        with pytest.raises(StoreError, match="the disk is full"):
            log._empty()
    assert log.backlog() == 2
    store.full = False
    wait_until(lambda: log.backlog() == 0)
    assert log.totals() == Counts(2, 0)
