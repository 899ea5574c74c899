"""What comes in broken, late, or under a wrong name, and answers that are none."""

import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops_loop.clock import ManualClock

NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)


def test_a_clock_that_steps_back_or_stands_still_costs_nothing(
    serve_shop: Any, publisher: Any
) -> None:
    publisher.publish("1")
    publisher.point("1")
    clock = ManualClock(NOON)
    moments = [NOON, NOON - timedelta(hours=1), NOON - timedelta(hours=1), NOON]
    with serve_shop(clock=clock) as served:
        ids = []
        for moment in moments:
            clock.set(moment)
            ids.append(served.http.post("/predict", json=served.row).json()["prediction_id"])
        assert len(set(ids)) == len(ids)
        assert [served.log.get(each).record.arrival_time for each in ids] == moments
        assert served.log.totals().predictions == len(ids)


@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_what_says_that_it_is_something_else_than_json_is_not_read(
    served: Any, problem: Any, path: str
) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"):
        answer = served.http.post(path, content=b"{}", headers={"Content-Type": kind})
        assert f"not as {kind}" in problem(answer, 415)["detail"]
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/ld+json"):
        problem(served.http.post(path, content=b"{}", headers={"Content-Type": kind}), 422)


@pytest.mark.parametrize("number", [b"Infinity", b"-Infinity", b"1e400", b"-1e400"])
def test_numbers_that_json_has_not_are_refused(served: Any, number: bytes) -> None:
    for body in (b'{"price": %b}' % number, b'[{"price": %b}]' % number):
        assert served.http.post("/predict", content=body).status_code in (400, 422)


def test_an_answer_that_is_no_number_is_refused(served: Any, problem: Any) -> None:
    for number, broken in enumerate((float("nan"), float("inf")), 2):
        served.publisher.publish(str(number), broken)
        served.publisher.point(str(number))
        served.refresh()
        for body in (served.row, [served.row] * 2):
            found = problem(served.http.post("/predict", json=body), 422)
            assert f"version {number} has no finite answer" in found["detail"]
    assert served.log.totals().predictions == 0


def test_a_challenger_whose_answer_is_no_number_costs_no_answer(served: Any) -> None:
    served.publisher.publish("2", float("nan"))
    served.publisher.point("1", "2")
    served.refresh()
    found = served.http.post("/predict", json=served.row).json()
    (output,) = served.log.get(found["prediction_id"]).record.outputs
    assert output.version == "1"


@pytest.mark.parametrize(
    "begun",
    [
        b"P",
        b"POST /predict HTTP/1.1\r\nhost: x\r\n",
        b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
    ],
    ids=["a letter", "a part of the head", "a part of the body"],
)
def test_who_does_not_finish_a_request_is_let_go_of(serve_shop: Any, begun: bytes) -> None:
    with serve_shop(request_timeout=timedelta(seconds=0.2)) as served:
        url = served.http.base_url
        with socket.create_connection((url.host, url.port), timeout=20) as connection:
            connection.sendall(begun)
            assert connection.recv(1) == b""
        # A whole request is not held against anyone, however long the connection lasts.
        for _ in range(3):
            assert served.http.get("/health/live").status_code == 200
            time.sleep(0.7)


def test_openapi_says_how_long_the_id_of_a_label_may_be(served: Any) -> None:
    label = served.http.get("/openapi.json").json()["components"]["schemas"]["Label"]
    identifier = label["properties"]["prediction_id"]
    assert (identifier["minLength"], identifier["maxLength"]) == (1, 200)
