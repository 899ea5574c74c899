"""While its store is unavailable, the log goes on, loses nothing, and catches up."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from mlops_loop.errors import InputError, StoreError
from mlops_loop.prediction_log import (
    Counts,
    Label,
    LabelReport,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)
from mlops_loop.prediction_log._spool import SpooledLog
from mlops_loop.prediction_log._spool_file import Spool

from ..polling import wait_until
from ..processes import killed_while_appending
from ..records import NOON, label, record


@pytest.fixture
def open_log(server: Any, tmp_path: Path) -> Iterator[Callable[[], PredictionLog]]:
    opened: list[PredictionLog] = []

    def open_one() -> PredictionLog:
        opened.append(open_prediction_log(f"{server.address}?spool=spool", root=tmp_path))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


def caught_up(log: PredictionLog) -> None:
    wait_until(lambda: log.backlog() == 0)


def test_an_outage_under_load_fails_no_request_and_loses_nothing(
    server: Any, open_log: Callable[[], PredictionLog]
) -> None:
    log, ended = open_log(), Event()

    def append(worker: int) -> int:
        number = 0
        while not ended.is_set():
            log.append([record(f"{worker}-{number}")]).result()
            number += 1
        return number

    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(append, worker) for worker in range(4)]
        wait_until(lambda: log.totals().predictions > 100)
        server.kill()
        wait_until(lambda: log.backlog() > 100)
        server.start()
        time.sleep(1.5)
        ended.set()
        appended = sum(worker.result() for worker in workers)
    caught_up(log)
    assert log.totals() == log.count(None, None) == Counts(appended, 0)


def test_a_log_may_be_opened_while_its_store_is_away(
    server: Any, open_log: Callable[[], PredictionLog]
) -> None:
    server.kill()
    log = open_log()
    log.append([record("a")]).result()
    assert log.add_labels([label("a")]) == LabelReport(early=1)
    assert log.backlog() == 2
    with pytest.raises(StoreError, match="make store"):
        log.totals()
    server.start()
    caught_up(log)
    assert log.totals() == Counts(1, 1)
    found = log.get("a")
    assert found is not None and found.record == record("a")


def test_a_store_that_is_there_and_refuses_is_not_gone_without(
    server: Any, open_log: Callable[[], PredictionLog]
) -> None:
    server.weaken()
    with pytest.raises(StoreError, match="`.durability=best_effort`"):
        open_log()


def test_a_store_that_does_not_answer_counts_as_unavailable(server: Any, tmp_path: Path) -> None:
    open_store = partial(open_prediction_log, server.address, root=tmp_path)
    spool = Spool(tmp_path / "spool")
    with closing(SpooledLog(open_store, spool, timeout=0.5)) as log:
        log.append([record("a")]).result()
        server.freeze()
        try:
            log.append([record("b")]).result(5)
            assert log.add_labels([label("a"), label("b")]) == LabelReport(early=2)
            assert log.backlog() == 3
        finally:
            server.thaw()
        caught_up(log)
        assert log.totals() == Counts(2, 2)


def test_a_store_that_does_not_answer_lets_the_process_end(server: Any, tmp_path: Path) -> None:
    open_store = partial(open_prediction_log, server.address, root=tmp_path)
    log = SpooledLog(open_store, Spool(tmp_path / "spool"), timeout=0.5)
    server.freeze()
    try:
        kept = log.append([record("a")])
        log.close()
        kept.result(1)
    finally:
        server.thaw()
    with closing(SpooledLog(open_store, Spool(tmp_path / "spool"))) as again:
        caught_up(again)
        assert again.totals() == Counts(1, 0)


def test_what_a_killed_process_left_is_carried_over_by_another(
    server: Any, open_log: Callable[[], PredictionLog], tmp_path: Path
) -> None:
    server.kill()
    promised = killed_while_appending(f"{server.address}?spool=spool", tmp_path)
    server.start()
    one, other = open_log(), open_log()
    caught_up(one)
    assert all(other.get(f"p{number}") for number in range(promised))
    assert one.totals().predictions in (promised, promised + 1)


def test_a_full_spool_refuses_until_the_store_is_back(server: Any, tmp_path: Path) -> None:
    open_store = partial(open_prediction_log, server.address, root=tmp_path)
    with closing(SpooledLog(open_store, Spool(tmp_path / "spool", capacity=10))) as log:
        server.kill()
        for number in range(10):
            log.append([record(f"p{number}")]).result()
        with pytest.raises(StoreError, match="10 items wait for the store"):
            log.append([record("a")]).result()
        server.start()
        caught_up(log)
        log.append([record("a")]).result()
        assert log.totals() == Counts(11, 0)


def test_what_cannot_be_logged_is_refused_at_once_while_the_store_is_away(
    server: Any, open_log: Callable[[], PredictionLog]
) -> None:
    server.kill()
    log = open_log()
    outputs = (Output("3", "champion", True, True, [float("nan")]),)
    with pytest.raises(InputError, match="'a' cannot be logged"):
        log.append([Record("a", None, NOON, NOON, {}, outputs)])
    with pytest.raises(InputError, match="no time zone"):
        log.add_labels([Label("a", True, datetime(2013, 6, 1))])
    assert log.backlog() == 0
    server.start()


def test_an_entity_is_erased_where_it_waits(
    server: Any, open_log: Callable[[], PredictionLog], tmp_path: Path
) -> None:
    server.kill()
    log = open_log()
    log.append([record("a", entity_key="gone"), record("b", entity_key="stays")]).result()
    log.add_labels([label("a"), label("b")])
    with pytest.raises(StoreError):
        log.erase("gone")
    server.start()
    caught_up(log)
    log.erase("gone")
    assert log.get("a") is None
    assert log.totals() == Counts(1, 1)
    log.append([record("a")]).result()
    assert log.totals() == Counts(2, 1)


def test_the_service_answers_while_the_store_is_away(
    server: Any,
    open_log: Callable[[], PredictionLog],
    publisher: Any,
    serve_shop: Callable[..., Any],
) -> None:
    publisher.publish("1")
    publisher.point("1")
    log = open_log()
    with serve_shop(log=log) as served:
        server.kill()
        answer = served.http.post("/predict", json=served.row).json()
        known = {"prediction_id": answer["prediction_id"], "label": True}
        assert served.http.post("/labels", json=known).json()["early"] == 1
        assert served.http.get("/health/ready").status_code == 200
        assert "\nprediction_log_backlog 2.0\n" in served.http.get("/metrics").text
        server.start()
        caught_up(log)
        assert "\nprediction_log_backlog 0.0\n" in served.http.get("/metrics").text
        assert log.totals() == Counts(1, 1)
