"""Requests that are predicted in one batch do not affect each other."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract
from mlops_loop.prediction_log import PredictionLog
from mlops_loop.serving._prediction_handler import PendingRequest
from mlops_loop.serving._problem import Problem
from mlops_loop.serving._response import ServiceResponse
from mlops_loop.serving._service import PredictionService


@pytest.fixture
def service(shop_project: Any, publisher: Any) -> Iterator[PredictionService]:
    publisher.publish("1", 0.25)
    publisher.publish("2", 0.75)
    publisher.point("1", "2", mode="split", share=0.5)
    service = PredictionService(shop_project())
    service.start()
    yield service
    service.close()


@pytest.fixture
def log(service: PredictionService) -> PredictionLog:
    return service.project.log


def body(contract: Contract, **values: object) -> bytes:
    return json.dumps({**example_row(contract), **values}).encode()


def answer(response: ServiceResponse | Exception) -> Any:
    assert isinstance(response, ServiceResponse), response
    assert response.recorded is not None
    response.recorded.result(20)
    return json.loads(response.content)


def test_each_gets_the_prediction_that_it_would_get_by_itself(
    service: PredictionService, log: PredictionLog, shop: Contract
) -> None:
    asked = [PendingRequest(body(shop, customer=f"c-{number}"), None) for number in range(20)]
    asked += [PendingRequest(body(shop), f"household-{number}") for number in range(20)]
    together = [answer(response) for response in service.predict_batch(asked)]
    alone = [answer(service.predict(each)) for each in asked]
    ids = [found.pop("prediction_id") for found in together + alone]
    assert len(set(ids)) == 80
    assert together == alone
    assert {found["model_version"] for found in together} == {"1", "2"}
    rows = [log.get(found) for found in ids[:40]]
    assert [row.record.entity_key for row in rows if row] == [
        *(f"c-{number}" for number in range(20)),
        *(f"household-{number}" for number in range(20)),
    ]


def test_other_requests_in_a_batch_are_handled_by_themselves(
    service: PredictionService, log: PredictionLog, shop: Contract
) -> None:
    plain = body(shop)
    odd = [
        PendingRequest(plain, None),
        PendingRequest(b"{", None),
        PendingRequest(body(shop, price="9"), None),
        PendingRequest(plain, "k" * 201),
        PendingRequest(body(shop, pieces=500), None),
        PendingRequest(b"[" + plain + b", " + plain + b"]", None),
        PendingRequest(plain + b", " + plain, None),
        PendingRequest(plain, None),
    ]
    found = service.predict_batch(odd)
    statuses = [each.status if isinstance(each, Problem) else 200 for each in found]
    assert statuses == [200, 400, 422, 400, 200, 200, 400, 200]
    assert answer(found[4])["warnings"]
    assert len(answer(found[5])) == 2
    assert len({answer(found[place])["prediction_id"] for place in (0, 7)}) == 2
    assert log.totals().predictions == 5


def test_a_date_that_no_calendar_has_fails_only_its_own_request(
    service: PredictionService, log: PredictionLog, shop: Contract
) -> None:
    found = service.predict_batch(
        [
            PendingRequest(body(shop), None),
            PendingRequest(body(shop, delivered="2013-02-30T00:00:00"), None),
        ]
    )
    assert answer(found[0])["model_version"] in "12"
    assert isinstance(found[1], Problem) and found[1].status == 422
    assert log.totals().predictions == 1


def test_many_callers_at_once_get_their_own_answers(served: Any) -> None:
    rows = [{**served.row, "customer": f"c-{number}"} for number in range(60)]
    rows[::7] = [{**row, "country": "XX"} for row in rows[::7]]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda row: served.http.post("/predict", json=row), rows))
    assert [each.status_code for each in found[::7]] == [422] * 9
    for row, each in zip(rows, found, strict=True):
        if each.status_code == 200:
            record = served.log.get(each.json()["prediction_id"]).record
            assert record.columns["customer"] == row["customer"]


def test_rows_are_recorded_once_whatever_fails_afterwards(
    service: PredictionService, log: PredictionLog, shop: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = []
    append = log.append

    def fail(*_: object) -> None:
        raise RuntimeError("no metrics today")

    def remember(records: Any) -> Any:
        recorded.extend(records)
        return append(records)

    monkeypatch.setattr(service.metrics, "count_rows", fail)
    monkeypatch.setattr(log, "append", remember)
    responses = service.predict_batch([PendingRequest(body(shop), None)] * 3)
    assert all(isinstance(response, RuntimeError) for response in responses)
    assert len(recorded) == 3
