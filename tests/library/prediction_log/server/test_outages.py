"""What a server has acknowledged it has kept, and it is found again when it is back."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, PredictionLog

from ...store_server import opened
from ..records import plain


@pytest.fixture
def log(server: Any) -> Iterator[PredictionLog]:
    with closing(opened(server.address)) as log:
        yield log


def append_until_it_fails(log: PredictionLog, worker: int) -> list[str]:
    """The ids that were acknowledged."""
    kept: list[str] = []
    for number in range(1_000_000):
        name = f"{worker}-{number}"
        try:
            log.append([plain(name)]).result()
        except StoreError:
            return kept
        kept.append(name)
    return kept


def test_a_killed_server_has_kept_all_that_it_acknowledged(server: Any, log: PredictionLog) -> None:
    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(append_until_it_fails, log, worker) for worker in range(4)]
        while log.totals().predictions < 200:
            time.sleep(0.01)
        server.kill()
        acknowledged = [name for worker in workers for name in worker.result()]
    with pytest.raises(StoreError, match="make store"):
        log.totals()
    server.start()
    assert len(acknowledged) >= 100
    assert all(log.get(name) for name in acknowledged)
    # Four were on their way, and may be there or not.
    assert len(acknowledged) <= log.totals().predictions <= len(acknowledged) + 4
    log.append([plain(name) for name in acknowledged]).result()
    assert log.totals() == log.count(None, None)


def test_a_server_that_started_again_is_found_at_once(server: Any, log: PredictionLog) -> None:
    log.append([plain("a")]).result()
    assert log.totals() == Counts(1, 0)
    server.kill()
    server.start()
    log.append([plain("b")]).result()
    assert log.totals() == Counts(2, 0)


def test_the_service_says_503_while_the_server_is_away(
    server: Any, log: PredictionLog, publisher: Any, serve_shop: Callable[..., Any]
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(log=log) as served:
        assert served.http.post("/predict", json=served.row).status_code == 200
        server.stop()
        assert served.http.post("/predict", json=served.row).status_code == 503
        assert served.http.get("/health/ready").status_code == 503
        server.start()
        assert served.http.get("/health/ready").status_code == 200
        answer = served.http.post("/predict", json=served.row).json()
        assert log.get(answer["prediction_id"])
        assert log.totals() == Counts(2, 0)


def test_logs_of_two_names_know_nothing_of_each_other(server: Any) -> None:
    one, other = f"{server.address}?name=one", f"{server.address}?name=other"
    with closing(opened(one)) as first, closing(opened(other)) as second:
        first.append([plain("a", entity_key="k")]).result()
        assert second.totals() == Counts(0, 0)
        assert second.erase("k") == 0
        assert first.totals() == Counts(1, 0)
