"""Requests that are malformed or slow, and predictions that are not finite."""

import socket
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from mlops_loop._clock import ManualClock

JSON = {"Content-Type": "application/json"}
NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)


def test_a_clock_that_steps_back_costs_nothing(serve_shop: Any, publisher: Any) -> None:
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
def test_a_body_declared_as_something_else_than_json_is_not_read(
    served: Any, problem: Any, path: str
) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"):
        answer = served.http.post(path, content=b"{}", headers={"Content-Type": kind})
        assert f"not as {kind}" in problem(answer, 415)["detail"]
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/ld+json"):
        problem(served.http.post(path, content=b"{}", headers={"Content-Type": kind}), 422)


@pytest.mark.parametrize("number", [b"Infinity", b"-Infinity", b"1e400", b"-1e400"])
def test_numbers_that_json_does_not_have_are_rejected(served: Any, number: bytes) -> None:
    for body in (b'{"price": %b}' % number, b'[{"price": %b}]' % number):
        assert served.http.post("/predict", content=body, headers=JSON).status_code in (400, 422)


def test_a_prediction_that_is_not_finite_is_rejected(served: Any, problem: Any) -> None:
    for number, broken in enumerate((float("nan"), float("inf")), 2):
        served.publisher.publish(str(number), broken)
        served.publisher.point(str(number))
        served.refresh()
        for body in (served.row, [served.row] * 2):
            found = problem(served.http.post("/predict", json=body), 422)
            assert f"version {number} gives no finite prediction" in found["detail"]
    assert served.log.totals().predictions == 0


def test_a_challenger_that_is_not_finite_costs_no_prediction(served: Any) -> None:
    served.publisher.publish("2", float("nan"))
    served.publisher.point("1", "2")
    served.refresh()
    found = served.http.post("/predict", json=served.row).json()
    (output,) = served.log.get(found["prediction_id"]).record.outputs
    assert output.version == "1"


def test_a_body_that_does_not_arrive_gets_408(serve_shop: Any, framework: str) -> None:
    if framework == "flask":  # waitress reads bodies before it calls the application
        return
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    begun = head + b"content-length: 100\r\n\r\n{"
    with serve_shop(request_timeout=timedelta(seconds=0.2)) as served:
        url = served.http.base_url
        with socket.create_connection((url.host, url.port), timeout=20) as connection:
            connection.sendall(begun)
            response = connection.recv(65536)
            assert response.startswith(b"HTTP/1.1 408") and b"limit 0.2 s" in response
            assert connection.recv(1) == b""
        # A complete request is not limited, however long the connection lasts.
        for _ in range(3):
            assert served.http.get("/health/live").status_code == 200
            time.sleep(0.3)


def test_openapi_names_the_reason_of_415(served: Any) -> None:
    responses = served.http.get("/openapi.json").json()["paths"]["/predict"]["post"]["responses"]
    assert responses["415"]["description"] == "The body is not JSON, or compressed"


def test_openapi_has_the_version_that_fastapi_gives_it(served: Any) -> None:
    assert served.http.get("/openapi.json").json()["info"]["version"] == FastAPI().version


def test_openapi_limits_the_length_of_prediction_ids(served: Any) -> None:
    label = served.http.get("/openapi.json").json()["components"]["schemas"]["Label"]
    identifier = label["properties"]["prediction_id"]
    assert (identifier["minLength"], identifier["maxLength"]) == (1, 200)
