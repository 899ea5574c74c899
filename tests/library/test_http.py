"""Predictions over HTTP: the contract, the model, and the log behind them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mlops_loop._documentation import read_page
from mlops_loop._publication import Rollout, rollout_key
from mlops_loop._settings import CONTRACT, Settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.prediction_log import Record

from .publisher import Publisher

NOW = datetime(2013, 1, 1, tzinfo=UTC)


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


def test_the_entity_key_of_the_header_wins_over_the_id_column(served: Any, problem: Any) -> None:
    headers = {"X-Entity-Key": "household-7"}
    found = served.http.post("/predict", json=served.row, headers=headers).json()
    assert served.log.get(found["prediction_id"]).record.entity_key == "household-7"
    long = {"X-Entity-Key": "k" * 201}
    assert (
        "X-Entity-Key"
        in problem(served.http.post("/predict", json=served.row, headers=long), 400)["detail"]
    )


def test_rows_that_violate_the_contract_get_every_violation(served: Any, problem: Any) -> None:
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


def test_labels_join_their_predictions(served: Any) -> None:
    ids = [
        row["prediction_id"] for row in served.http.post("/predict", json=[served.row] * 2).json()
    ]
    one = served.http.post("/labels", json={"prediction_id": ids[0], "label": True})
    counts = {"joined": 1, "early": 0, "repeated": 0}
    lists = ("conflicting", "other_target", "replaced", "dropped")
    assert one.json() == {**counts, **{name: [] for name in lists}}
    many = [
        {"prediction_id": ids[0], "label": True},
        {"prediction_id": ids[1], "label": False},
        {"prediction_id": "not yet", "label": True},
    ]
    report = served.http.post("/labels", json=many).json()
    assert {name: report[name] for name in counts} == {"joined": 1, "early": 1, "repeated": 1}
    other = served.http.post("/labels", json={"prediction_id": ids[0], "label": False})
    assert other.json()["conflicting"] == [ids[0]]
    assert served.log.get(ids[0]).label.label is True


def test_a_champion_of_another_target_never_answers(served: Any, problem: Any) -> None:
    """Its labels are not those of this target either; what served before goes on."""
    contract = served.publisher.contract
    other = parse_contract(
        contract.text.replace("problem: binary", "problem: regression").replace(
            "type: boolean, role: target", "type: number, role: target"
        )
    )
    assert other.target_digest != contract.target_digest
    key = rollout_key(served.publisher.features.digest, other.target_digest)
    foreign = Record("foreign", None, NOW, NOW, {}, (), target_digest=other.target_digest)
    served.log.append([foreign]).result()
    report = served.http.post("/labels", json={"prediction_id": "foreign", "label": True}).json()
    assert (report["joined"], report["other_target"]) == (0, ["foreign"])
    served.publisher.publish("9", contract=other)
    served.publisher.store.set_rollout(key, Rollout(champion="9"))
    served.refresh()
    assert served.http.get("/model").json()["champion"]["version"] == "1"
    served.publisher.point(None)
    served.publisher.store.set_rollout(key, Rollout(champion="9"))
    served.service.deployments.deployment = None
    served.refresh()
    for answer in (served.http.get("/health/ready"), served.http.post("/predict", json=served.row)):
        assert "version 9 predicts" in problem(answer, 503)["detail"]


def test_a_running_service_notices_that_the_target_was_changed(
    served: Any, shop_settings: Settings, problem: Any
) -> None:
    path = shop_settings.path(CONTRACT)
    text = path.read_text()

    def change(new: str) -> Any:
        draft = path.with_name("draft.yaml")
        draft.write_text(new)
        draft.replace(path)
        served.refresh()
        return served.http.get("/health/ready")

    harmless = text.replace("maximum: 1000", "maximum: 2000")
    assert change(harmless).status_code == 200
    other = text.replace("delivered: {type: datetime, nullable: true}", "").replace(
        "returned: {type", "delivered: {type"
    )
    for status in (change(other), served.http.post("/predict", json=served.row), change("half: {")):
        detail = problem(status, 503)["detail"]
        assert "target was returned (binary, boolean) when the service started" in detail
        assert "is delivered (binary, boolean) now: restart the service" in detail
    assert change(text).status_code == 200
    assert served.http.post("/predict", json=served.row).status_code == 200


def test_labels_that_violate_the_contract_get_every_violation(served: Any, problem: Any) -> None:
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


REGRESSION = """
problem: regression
label_horizon: 1d
columns:
  size: {type: number, example: 1.5}
  price: {type: number, role: target}
"""
MULTICLASS = """
problem: multiclass
label_horizon: 1d
columns:
  size: {type: number, example: 1.5}
  kind: {type: category, role: target, categories: {values: [a, b]}}
"""


@pytest.fixture
def serve_contract(serve_shop: Any, shop_settings: Settings, publisher: Publisher) -> Any:
    """Starts the service of a project with another contract: `with serve_contract(text)`."""

    def serve(text: str) -> Any:
        shop_settings.path(CONTRACT).write_text(text)
        other = replace(publisher, contract=parse_contract(text))
        other.publish("1", 0.5)
        other.point("1")
        return serve_shop()

    return serve


def test_a_regression_answers_numbers(serve_contract: Any) -> None:
    with serve_contract(REGRESSION) as served:
        body = served.http.post("/predict", json={"size": 2}).json()
        identifier = body.pop("prediction_id")
        assert body == {"prediction": 0.5, "model_version": "1", "variant": "champion"}
        record = served.log.get(identifier).record
        assert (record.entity_key, record.event_time) == (None, record.arrival_time)
        label = {"prediction_id": identifier, "label": 7}
        assert served.http.post("/labels", json=label).json()["joined"] == 1


def test_a_label_outside_the_classes_is_rejected(serve_contract: Any, problem: Any) -> None:
    with serve_contract(MULTICLASS) as served:
        body = served.http.post("/predict", json={"size": 2}).json()
        assert body["probabilities"].keys() == {"a", "b"}
        bad = served.http.post("/labels", json={"prediction_id": "x", "label": "c"})
        assert "not one of the classes" in problem(bad, 422)["violations"][0]["reason"]


def test_metrics_count_what_happened(served: Any) -> None:
    served.http.post("/predict", json=[served.row, {**served.row, "pieces": 500}])
    served.http.post("/predict", json={})
    served.http.get("/some/stranger")
    text = served.http.get("/metrics").text
    for line in (
        'http_requests_total{path="/predict",status="200"} 1.0',
        'http_requests_total{path="/predict",status="422"} 1.0',
        'http_requests_total{path="other",status="404"} 1.0',
        'predictions_total{prediction="false",served="true",variant="champion",version="1"} 2.0',
        'prediction_warnings_total{column="pieces"} 1.0',
        'predict_seconds_count{variant="champion"} 1.0',
        'model_info{variant="champion",version="1"} 1.0',
        'model_created_timestamp_seconds{variant="champion",version="1"} ',
        "http_requests_in_flight 0.0",
    ):
        assert line in text


def test_the_pages_name_every_metric(served: Any) -> None:
    served.http.post("/predict", json={**served.row, "pieces": 500})
    text = served.http.get("/metrics").text
    told = set(re.findall(r"^# TYPE (?!process_)(\w+?)(?:_created)? ", text, re.MULTILINE))
    page = read_page("http")
    assert told and {name for name in told if f"`{name}" not in page} == set()


def test_openapi_says_what_the_contract_says(served: Any) -> None:
    schemas = served.http.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Row"]["properties"]["price"]["maximum"] == 1000
