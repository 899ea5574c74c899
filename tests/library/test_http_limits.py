"""Limits on bodies, rows and concurrency, and a prediction log that fails."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import LabelReport


class UnavailableLog:
    """A prediction log whose store is unavailable until `unavailable` is cleared."""

    def __init__(self) -> None:
        self.unavailable = True

    def append(self, records: Sequence[Any]) -> Future[None]:
        future: Future[None] = Future()
        if self.unavailable:
            future.set_exception(StoreError("the store is unavailable"))
        else:
            future.set_result(None)
        return future

    def add_labels(self, labels: Sequence[Any]) -> LabelReport:
        raise StoreError("the store is unavailable")

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self.append([])


class SlowLog(UnavailableLog):
    """A prediction log that never becomes durable until it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Future[None]] = []
        self.records = 0

    def append(self, records: Sequence[Any]) -> Future[None]:
        # Requests that come in together are recorded as one.
        self.waiting.append(Future())
        self.records += len(records)
        return self.waiting[-1]

    def wait_for(self, records: int) -> None:
        until = time.monotonic() + 20
        while self.records < records:
            assert time.monotonic() < until, f"{self.records} records came in"
            time.sleep(0.01)


JSON = {"Content-Type": "application/json"}


def test_large_bodies_and_long_lists_are_rejected(
    serve_shop: Any, publisher: Any, problem: Any
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_body_bytes=1000, max_rows=3) as served:
        assert (
            "1000 bytes"
            in problem(served.http.post("/predict", content=b"x" * 1001, headers=JSON), 413)[
                "detail"
            ]
        )
        parts = (b"x" * 100 for _ in range(20))
        assert (
            "1000 bytes"
            in problem(served.http.post("/predict", content=parts, headers=JSON), 413)["detail"]
        )
        assert served.http.post("/predict", json=[served.row] * 3).status_code == 200
        assert (
            "4 rows in one request (limit 3)"
            in problem(served.http.post("/predict", json=[served.row] * 4), 413)["detail"]
        )
        labels = [{"prediction_id": "a", "label": True}] * 4
        assert (
            "4 rows in one request (limit 3)"
            in problem(served.http.post("/labels", json=labels), 413)["detail"]
        )


@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_rows_are_counted_before_they_are_looked_at(
    serve_shop: Any, publisher: Any, problem: Any, path: str
) -> None:
    publisher.publish("1")
    publisher.point("1")
    body = b"[" + b"{}," * 600_000 + b"{}]"
    with serve_shop(max_body_bytes=2 * len(body), max_rows=1000) as served:
        since = time.monotonic()
        answer = served.http.post(path, content=body, headers=JSON)
        assert "600001 rows in one request (limit 1000)" in problem(answer, 413)["detail"]
        assert time.monotonic() - since < 5 and len(answer.content) < 1000


@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_an_answer_lists_the_first_violations_and_counts_the_others(
    serve_shop: Any, publisher: Any, problem: Any, path: str
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_rows=1000) as served:
        answer = served.http.post(path, json=[{"stranger": 1}] * 1000)
        found = problem(answer, 422)
        assert len(found["violations"]) == 100 and found["violations"][0]["row"] == 0
        assert found["omitted_violations"] >= 2900 and "first 100" in found["detail"]
        rows = [one["row"] for one in found["violations"]]
        assert rows == sorted(rows) and rows[-1] < 100


LONG = "x" * 1_900_000
MANY = {f"f{number}": 1 for number in range(150_000)}


@pytest.mark.parametrize("path", ["/predict", "/labels"])
@pytest.mark.parametrize(
    "body",
    [LONG, [LONG], [[1] * 900_000], {LONG: 1}, {"price": LONG}, {"label": LONG}, MANY, [[]] * 1000],
    ids=["text", "list of one", "numbers", "name", "value", "label", "fields", "empty lists"],
)
def test_an_answer_stays_small_whatever_the_body_holds(
    serve_shop: Any, publisher: Any, problem: Any, path: str, body: Any
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_body_bytes=3_000_000) as served:
        answer = served.http.post(path, json=body)
        assert problem(answer, 422)["violations"]
        assert len(answer.content) < 50_000


def slowly(parts: list[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield part
        time.sleep(0.05)


def test_a_body_may_come_in_parts(serve_shop: Any, publisher: Any, problem: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_body_bytes=1000) as served:
        content = httpx.Request("POST", "http://x", json=served.row).content
        parts = slowly([content[:10], content[10:20], content[20:]])
        assert served.http.post("/predict", content=parts, headers=JSON).status_code == 200
        problem(served.http.post("/predict", content=slowly([b"x" * 600] * 2), headers=JSON), 413)


def test_without_the_store_no_prediction_is_given(
    serve_shop: Any, publisher: Any, problem: Any
) -> None:
    publisher.publish("1")
    publisher.point("1")
    log = UnavailableLog()
    with serve_shop(log=log) as served:
        for path, body in (
            ("/predict", served.row),
            ("/labels", {"prediction_id": "a", "label": True}),
        ):
            answer = served.http.post(path, json=body)
            assert "cannot be recorded" in problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        assert "store is unavailable" in problem(served.http.get("/health/ready"), 503)["detail"]
        log.unavailable = False
        assert served.http.get("/health/ready").status_code == 200
        assert served.http.post("/predict", json=served.row).status_code == 200


def test_too_many_concurrent_requests_get_503(
    serve_shop: Any, publisher: Any, problem: Any
) -> None:
    publisher.publish("1")
    publisher.point("1")
    log = SlowLog()
    with serve_shop(log=log, max_concurrency=2) as served, ThreadPoolExecutor(2) as pool:
        first = [pool.submit(served.http.post, "/predict", json=served.row) for _ in range(2)]
        log.wait_for(2)
        answer = served.http.post("/predict", json=served.row)
        assert "too many concurrent requests (limit 2)" in problem(answer, 503)["detail"]
        assert answer.headers["retry-after"] == "1"
        assert served.http.get("/health/live").status_code == 200
        assert not any(future.done() for future in first)
        for future in log.waiting:
            future.set_result(None)
        assert [future.result().status_code for future in first] == [200, 200]


def test_an_internal_error_is_a_problem_too(serve_shop: Any, publisher: Any, problem: Any) -> None:
    class Broken(UnavailableLog):
        def append(self, records: Sequence[Any]) -> Future[None]:
            raise RuntimeError("secret detail")

        def close(self) -> None:
            pass

    publisher.publish("1")
    publisher.point("1")
    with serve_shop(log=Broken()) as served:
        answer = served.http.post("/predict", json=served.row)
        problem(answer, 500)
        assert "secret" not in answer.text
        # Servers close the connection of a request that ended in an exception.
        url = served.http.base_url.join("/health/live")
        assert httpx.get(url, timeout=20).status_code == 200


def test_unknown_fields_are_rejected_or_ignored_by_setting(serve_shop: Any, problem: Any) -> None:
    for setting, status, closed in (("reject", 422, True), ("ignore", 200, False)):
        with serve_shop(unknown_fields=setting) as served:
            served.publisher.publish("1")
            served.publisher.point("1")
            served.refresh()
            answer = served.http.post("/predict", json={**served.row, "stranger": 1})
            assert answer.status_code == status
            document = served.http.get("/openapi.json").json()
            row = document["components"]["schemas"]["Row"]
            assert row["additionalProperties"] is not closed
