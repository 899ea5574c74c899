"""The HTTP interface, as any adapter and any deployment has to keep it."""

import re
import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from {{ cookiecutter.package_name }}.clock import ManualClock
from {{ cookiecutter.package_name }}.contract.model import parse_contract
from {{ cookiecutter.package_name }}.errors import ServiceError, StoreError
from {{ cookiecutter.package_name }}.prediction_log import LabelReport
from {{ cookiecutter.package_name }}.serving.keys import require_keys
from {{ cookiecutter.package_name }}.settings import Settings
from {{ cookiecutter.package_name }}.verdict import FILE, Verdict, leave_verdict

PROBLEM = "application/problem+json"
NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of an answer that has to be one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert {"type", "title", "detail"} <= document.keys()
    assert document["request_id"] == answer.headers["x-request-id"]
    return document


class AwayLog:
    """A prediction log whose store cannot be reached until `away` is put off."""

    def __init__(self) -> None:
        self.away = True

    def append(self, records: Sequence[Any]) -> Future[None]:
        future: Future[None] = Future()
        if self.away:
            future.set_exception(StoreError("the store is away"))
        else:
            future.set_result(None)
        return future

    def add_labels(self, labels: Sequence[Any]) -> LabelReport:
        raise StoreError("the store is away")

    def spooled(self) -> int:
        return 0

    def close(self) -> None:
        self.append([])


class SlowLog(AwayLog):
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


def test_one_row_gets_one_answer(served: Any) -> None:
    answer = served.http.post("/predict", json=served.row)
    assert answer.status_code == 200
    found = answer.json()
    assert len(found.pop("prediction_id")) == 36
    assert found == {
        "prediction": False,
        "probabilities": {"false": 0.75, "true": 0.25},
        "model_version": "1",
        "variant": "champion",
    }


def test_a_list_gets_a_list_in_its_order(served: Any) -> None:
    rows = [served.row, {**served.row, "pieces": 500}, served.row]
    found = served.http.post("/predict", json=rows).json()
    assert len({row["prediction_id"] for row in found}) == 3
    assert [row.get("warnings") for row in found] == [
        None,
        [{"column": "pieces", "value": 500, "reason": "is above 99"}],
        None,
    ]
    assert served.http.post("/predict", json=[]).json() == []


def test_a_list_of_hundreds_of_rows_is_answered(served: Any) -> None:
    assert len(served.http.post("/predict", json=[served.row] * 500).json()) == 500


def test_an_answer_is_in_the_log_with_its_raw_row(served: Any) -> None:
    row = {**served.row, "delivered": "2013-01-02T03:04:05+02:00"}
    found = served.http.post("/predict", json=row).json()
    logged = served.log.get(found["prediction_id"])
    record = logged.record
    assert record.columns == {**row, "delivered": "2013-01-02T01:04:05+00:00"}
    assert record.event_time == datetime.fromisoformat(row["at"])
    assert record.arrival_time.tzinfo is not None
    assert record.entity_key == "c-1"
    (output,) = record.outputs
    assert (output.version, output.served, output.prediction) == ("1", True, False)
    assert output.probabilities == [0.75, 0.25]


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


def test_the_entity_key_of_the_header_wins_over_the_id_column(served: Any) -> None:
    headers = {"X-Entity-Key": "household-7"}
    found = served.http.post("/predict", json=served.row, headers=headers).json()
    assert served.log.get(found["prediction_id"]).record.entity_key == "household-7"
    long = {"X-Entity-Key": "k" * 201}
    assert (
        "X-Entity-Key"
        in problem(served.http.post("/predict", json=served.row, headers=long), 400)["detail"]
    )


def test_in_a_split_the_key_decides(served: Any) -> None:
    served.publisher.publish("2")
    served.publisher.point("1", "2", mode="split", share=0.5)
    served.refresh()
    keys = [f"household-{number}" for number in range(20)] * 2
    found = [
        served.http.post("/predict", json=served.row, headers={"X-Entity-Key": key}).json()
        for key in keys
    ]
    versions = [answer["model_version"] for answer in found]
    assert versions[:20] == versions[20:]
    assert set(versions) == {"1", "2"}
    assert {answer["variant"] for answer in found} == {"champion", "challenger"}
    rows = [{**served.row, "customer": key} for key in keys[:20]]
    assert {row["variant"] for row in served.http.post("/predict", json=rows).json()} == {
        "champion",
        "challenger",
    }


def test_shadow_outputs_are_logged_and_not_shown(served: Any) -> None:
    served.publisher.publish("2", 0.9)
    served.publisher.point("1", "2")
    served.refresh()
    found = served.http.post("/predict", json=served.row).json()
    assert (found["model_version"], found["variant"]) == ("1", "champion")
    outputs = served.log.get(found["prediction_id"]).record.outputs
    assert [(output.version, output.served) for output in outputs] == [("1", True), ("2", False)]
    model = served.http.get("/model").json()
    assert (model["challenger"]["version"], model["mode"]) == ("2", "shadow")


def test_rows_that_break_the_contract_get_every_violation(served: Any) -> None:
    rows = [served.row, {**served.row, "country": "XX", "price": "9", "colour": "red"}, 7]
    found = problem(served.http.post("/predict", json=rows), 422)
    assert found["detail"] == "4 violations of the contract in 2 rows"
    assert {(v["row"], v["column"], v["value"], v["reason"]) for v in found["violations"]} == {
        (1, "country", "XX", "is not one of the known categories"),
        (1, "price", "9", "should be a finite number"),
        (1, "colour", "red", "is not in the contract"),
        (2, None, 7, "should be an object with the contract's columns"),
    }
    assert served.log.totals().predictions == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"price": NaN}', b"[" * 5000])
@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_what_is_not_json_is_a_bad_request(served: Any, path: str, body: bytes) -> None:
    assert "not valid JSON" in problem(served.http.post(path, content=body), 400)["detail"]


@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_what_says_that_it_is_something_else_than_json_is_not_read(served: Any, path: str) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"):
        answer = served.http.post(path, content=b"{}", headers={"Content-Type": kind})
        assert f"not as {kind}" in problem(answer, 415)["detail"]
    for kind in ("application/json", "Application/JSON; charset=utf-8", "application/ld+json"):
        problem(served.http.post(path, content=b"{}", headers={"Content-Type": kind}), 422)


@pytest.mark.parametrize("number", [b"Infinity", b"-Infinity", b"1e400", b"-1e400"])
def test_numbers_that_json_has_not_are_bad_requests(served: Any, number: bytes) -> None:
    for body in (b'{"price": %b}' % number, b'[{"price": %b}]' % number):
        assert served.http.post("/predict", content=body).status_code in (400, 422)


def test_an_answer_that_is_no_number_is_refused(served: Any) -> None:
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


def test_labels_join_their_predictions(served: Any) -> None:
    ids = [
        row["prediction_id"] for row in served.http.post("/predict", json=[served.row] * 2).json()
    ]
    one = served.http.post("/labels", json={"prediction_id": ids[0], "label": True})
    assert one.json() == {"joined": 1, "early": 0, "repeated": 0, "conflicting": []}
    many = [
        {"prediction_id": ids[0], "label": True},
        {"prediction_id": ids[1], "label": False},
        {"prediction_id": "not yet", "label": True},
    ]
    report = served.http.post("/labels", json=many).json()
    assert report == {"joined": 1, "early": 1, "repeated": 1, "conflicting": []}
    other = served.http.post("/labels", json={"prediction_id": ids[0], "label": False})
    assert other.json()["conflicting"] == [ids[0]]
    assert served.log.get(ids[0]).label.label is True


def test_labels_that_break_the_contract_get_every_violation(served: Any) -> None:
    labels = [
        {"prediction_id": "a", "label": True},
        {"prediction_id": "b", "label": "yes"},
        {"prediction_id": "", "label": None, "why": 1},
        {"prediction_id": "d"},
        "e",
    ]
    found = problem(served.http.post("/labels", json=labels), 422)["violations"]
    assert [(violation["row"], violation["column"]) for violation in found] == [
        (1, "label"),
        (2, "label"),
        (2, "prediction_id"),
        (2, "why"),
        (3, "label"),
        (4, None),
    ]


def test_the_model_in_service_is_named(served: Any) -> None:
    found = served.http.get("/model").json()
    assert found["champion"]["version"] == "1"
    assert found["champion"]["metrics"] == {"log_loss": 0.5}
    assert found["challenger"] is None


def test_the_last_verdict_of_monitoring_stands_beside_the_model(
    served: Any, shop_settings: Settings
) -> None:
    assert "monitoring" not in served.http.get("/model").json()
    leave_verdict(
        shop_settings.root,
        Verdict("2013-01-01", "2013-01-08", False, True, "unknown", ["price is missing"]),
    )
    assert served.http.get("/model").json()["monitoring"] == {
        "since": "2013-01-01",
        "until": "2013-01-08",
        "drift": False,
        "quality": True,
        "performance": "unknown",
        "sentences": ["price is missing"],
    }
    (shop_settings.root / FILE).write_bytes(b'{"drift": "\xff')
    assert "monitoring" not in served.http.get("/model").json()


def test_before_a_model_is_published_the_service_says_so(serve_shop: Any) -> None:
    with serve_shop() as served:
        assert served.http.get("/health/live").json() == {"status": "live"}
        for answer in (served.http.get("/health/ready"), served.http.post("/predict", json={})):
            assert "no model is published" in problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        assert served.http.get("/model").json()["champion"] is None
        assert "Row" in served.http.get("/openapi.json").json()["components"]["schemas"]
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        assert served.http.get("/health/ready").json()["champion"] == "1"
        assert served.http.post("/predict", json=served.row).status_code == 200


def test_a_refused_bundle_shows_beside_the_one_that_goes_on(served: Any) -> None:
    served.publisher.publish("2")
    served.publisher.damage("2")
    served.publisher.point("2")
    served.refresh()
    ready = served.http.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["champion"] == "1"
    assert "version 2 cannot serve" in ready.json()["refused"][0]
    assert "publication_refused 1.0" in served.http.get("/metrics").text


def test_without_a_valid_key_only_health_and_pages_answer(serve_shop: Any) -> None:
    with serve_shop(api_keys=("first", "second")) as served:
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        for path in ("/model", "/metrics", "/openapi.json", "/stranger"):
            problem(served.http.get(path), 401)
        refused = served.http.post("/predict", json=served.row, headers={"X-API-Key": "third"})
        assert "X-API-Key" in problem(refused, 401)["detail"]
        for path in ("/health/live", "/health/ready", "/", "/docs"):
            assert served.http.get(path).status_code == 200
        for key in ("first", "second"):
            headers = {"X-API-Key": key}
            assert served.http.get("/model", headers=headers).status_code == 200
        document = served.http.get("/openapi.json", headers=headers).json()
        assert document["paths"]["/predict"]["post"]["security"] == [{"ApiKey": []}]
        assert document["paths"]["/health/live"]["get"]["security"] == []


@pytest.mark.parametrize(
    ("keys", "host", "said"),
    [([], "0.0.0.0", "no API keys"), ([], "example.org", "no API keys"), ([" "], "::1", "empty")],
)
def test_a_service_open_to_the_network_does_not_start(
    keys: list[str], host: str, said: str
) -> None:
    with pytest.raises(ServiceError, match=said):
        require_keys(keys, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_no_key_is_needed(host: str) -> None:
    require_keys([], host)
    require_keys(["key"], "0.0.0.0")


def test_large_bodies_and_long_lists_are_refused(serve_shop: Any, publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_body_bytes=1000, max_rows=3) as served:
        assert (
            "1000 bytes"
            in problem(served.http.post("/predict", content=b"x" * 1001), 413)["detail"]
        )
        parts = (b"x" * 100 for _ in range(20))
        assert "1000 bytes" in problem(served.http.post("/predict", content=parts), 413)["detail"]
        assert served.http.post("/predict", json=[served.row] * 3).status_code == 200
        assert (
            "4 rows" in problem(served.http.post("/predict", json=[served.row] * 4), 413)["detail"]
        )
        labels = [{"prediction_id": "a", "label": True}] * 4
        assert "4 rows" in problem(served.http.post("/labels", json=labels), 413)["detail"]


def slowly(parts: list[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield part
        time.sleep(0.05)


def test_a_body_may_come_in_parts(serve_shop: Any, publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(max_body_bytes=1000) as served:
        content = httpx.Request("POST", "http://x", json=served.row).content
        parts = slowly([content[:10], content[10:20], content[20:]])
        assert served.http.post("/predict", content=parts).status_code == 200
        problem(served.http.post("/predict", content=slowly([b"x" * 600] * 2)), 413)


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


def test_a_regression_answers_numbers(served: Any) -> None:
    contract = parse_contract(
        "{problem: regression, label_horizon: 1d, columns: {"
        "size: {type: number, example: 1.5}, price: {type: number, role: target}}}"
    )
    served.publisher.publish("2", 0.5, contract=contract)
    served.publisher.point("2")
    served.refresh()
    found = served.http.post("/predict", json={"size": 2}).json()
    identifier = found.pop("prediction_id")
    assert found == {"prediction": 0.5, "model_version": "2", "variant": "champion"}
    record = served.log.get(identifier).record
    assert (record.entity_key, record.event_time) == (None, record.arrival_time)
    label = {"prediction_id": identifier, "label": 7}
    assert served.http.post("/labels", json=label).json()["joined"] == 1


def test_a_label_that_is_no_class_is_refused(served: Any) -> None:
    contract = parse_contract(
        "{problem: multiclass, label_horizon: 1d, columns: {size: {type: number, example: 1.5}, "
        "kind: {type: category, role: target, categories: {values: [a, b]}}}}"
    )
    served.publisher.publish("2", 0.5, contract=contract)
    served.publisher.point("2")
    served.refresh()
    assert served.http.post("/predict", json={"size": 2}).json()["probabilities"].keys() == {
        "a",
        "b",
    }
    bad = served.http.post("/labels", json={"prediction_id": "x", "label": "c"})
    assert "not one of the classes" in problem(bad, 422)["violations"][0]["reason"]


def test_without_the_store_no_answer_is_given(serve_shop: Any, publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    log = AwayLog()
    with serve_shop(log=log) as served:
        for path, body in (
            ("/predict", served.row),
            ("/labels", {"prediction_id": "a", "label": True}),
        ):
            answer = served.http.post(path, json=body)
            assert "cannot be recorded" in problem(answer, 503)["detail"]
            assert answer.headers["retry-after"] == "1"
        assert "store is away" in problem(served.http.get("/health/ready"), 503)["detail"]
        log.away = False
        assert served.http.get("/health/ready").status_code == 200
        assert served.http.post("/predict", json=served.row).status_code == 200


def test_at_overload_requests_are_told_to_come_back(serve_shop: Any, publisher: Any) -> None:
    publisher.publish("1")
    publisher.point("1")
    log = SlowLog()
    with serve_shop(log=log, max_concurrency=2) as served, ThreadPoolExecutor(2) as pool:
        first = [pool.submit(served.http.post, "/predict", json=served.row) for _ in range(2)]
        log.wait_for(2)
        answer = served.http.post("/predict", json=served.row)
        assert "2 requests are at work" in problem(answer, 503)["detail"]
        assert answer.headers["retry-after"] == "1"
        assert served.http.get("/health/live").status_code == 200
        assert not any(future.done() for future in first)
        for future in log.waiting:
            future.set_result(None)
        assert [future.result().status_code for future in first] == [200, 200]


def test_a_failure_of_ours_is_a_problem_too(serve_shop: Any, publisher: Any) -> None:
    class Broken(AwayLog):
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
        assert served.http.get("/health/live").status_code == 200


def test_unknown_paths_and_methods_are_problems(served: Any) -> None:
    problem(served.http.get("/nothing"), 404)
    answer = served.http.get("/predict")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_a_request_id_is_kept_or_made(served: Any) -> None:
    kept = served.http.get("/model", headers={"X-Request-ID": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    bad = (b"", b"a b", "é".encode(), b"x" * 129)
    made = [served.http.get("/model", headers={b"X-Request-ID": value}) for value in bad]
    assert len({answer.headers["x-request-id"] for answer in made} - set(bad)) == 4


def test_metrics_count_what_happened(served: Any) -> None:
    served.http.post("/predict", json=[served.row, {**served.row, "pieces": 500}])
    served.http.post("/predict", json={})
    served.http.get("/some/stranger")
    text = served.http.get("/metrics").text
    for line in (
        'http_requests_total{path="/predict",status="200"} 1.0',
        'http_requests_total{path="/predict",status="422"} 1.0',
        'http_requests_total{path="other",status="404"} 1.0',
        'predictions_total{served="true",variant="champion",version="1"} 2.0',
        'prediction_warnings_total{column="pieces"} 1.0',
        'predict_seconds_count{variant="champion"} 1.0',
        'model_info{variant="champion",version="1"} 1.0',
        "requests_at_work 0.0",
    ):
        assert line in text


def test_the_example_of_openapi_works_as_it_stands(served: Any) -> None:
    document = served.http.get("/openapi.json").json()
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert served.http.post("/predict", json=example["value"]).status_code == 200
    assert document["components"]["schemas"]["Row"]["properties"]["price"]["maximum"] == 1000
    identifier = document["components"]["schemas"]["Label"]["properties"]["prediction_id"]
    assert (identifier["minLength"], identifier["maxLength"]) == (1, 200)
    body = document["paths"]["/labels"]["post"]["requestBody"]["content"]["application/json"]
    assert served.http.post("/labels", json=body["example"]).json()["early"] == 1


def test_every_reference_of_openapi_resolves(served: Any) -> None:
    document = served.http.get("/openapi.json").json()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    def references(part: object) -> set[str]:
        if isinstance(part, list):
            return {found for item in part for found in references(item)}
        if isinstance(part, dict):
            own = {part["$ref"]} if "$ref" in part else set()
            return own | {found for item in part.values() for found in references(item)}
        return set()

    assert references(document) <= known


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_for_people_run_what_they_hold_and_nothing_else(served: Any, path: str) -> None:
    answer = served.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    for kind, content in re.findall(r"(?s)<(style|script)[^>]*>(.*?)</", answer.text):
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not re.search(r"https?://|\bsrc=|\bstyle=|\bon\w+=\"|innerHTML", answer.text)
    assert served.http.head(path).status_code == 200
    problem(served.http.post(path), 405)


def test_the_overview_asks_only_for_what_is_there(served: Any) -> None:
    page = served.http.get("/").text
    served.http.post("/predict", json=served.row)
    told = served.http.get("/metrics").text
    asked = set(re.findall(r'ask\("([^"]+)"', page)) - {"predict"}
    assert asked == {"model", "openapi.json", "health/ready", "metrics"}
    assert {served.http.get(f"/{path}").status_code for path in asked} == {200}
    for name in re.findall(r'(?:=== |sum\()"(\w+_\w+)"', page):
        assert name in told
    named = set(re.findall(r'\bby\("([^"]+)"\)', page))
    assert named and named <= set(re.findall(r'\bid="([^"]+)"', page))
