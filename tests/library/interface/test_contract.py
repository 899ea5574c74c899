"""What callers may rely on, whatever the contract and wherever the service is."""

from typing import Any


def test_one_row_gets_one_answer(asked: Any) -> None:
    answer = asked.http.post("/predict", json=asked.row)
    assert answer.status_code == 200
    found = answer.json()
    assert found.keys() - {"probabilities", "warnings"} == {
        "prediction",
        "prediction_id",
        "model_version",
        "variant",
    }
    assert len(found["prediction_id"]) == 36
    assert found["variant"] in ("champion", "challenger")
    assert abs(sum(found.get("probabilities", {"": 1.0}).values()) - 1) < 1e-6


def test_a_list_gets_a_list(asked: Any) -> None:
    answers = asked.http.post("/predict", json=[asked.row] * 100).json()
    assert len({answer["prediction_id"] for answer in answers}) == 100
    assert asked.http.post("/predict", json=[]).json() == []


def test_labels_join_their_predictions_before_and_after(asked: Any) -> None:
    identifier = asked.predict()
    label = {"prediction_id": identifier, "label": asked.label}
    none = {"joined": 0, "early": 0, "repeated": 0, "conflicting": []}
    assert asked.http.post("/labels", json=label).json() == none | {"joined": 1}
    assert asked.http.post("/labels", json=[label]).json() == none | {"repeated": 1}


def test_the_model_in_service_is_named(asked: Any) -> None:
    model = asked.http.get("/model").json()
    assert model["champion"]["version"]
    ready = asked.http.get("/health/ready")
    assert (ready.status_code, ready.json()["champion"]) == (200, model["champion"]["version"])
    assert asked.http.get("/health/live").json() == {"status": "live"}


def test_an_entity_stays_on_its_side(asked: Any) -> None:
    headers = {"X-Entity-Key": "household-7"}
    answers = [asked.http.post("/predict", json=asked.row, headers=headers) for _ in range(3)]
    assert len({answer.json()["model_version"] for answer in answers}) == 1


def test_metrics_count_requests(asked: Any) -> None:
    asked.predict()
    text = asked.http.get("/metrics").text
    for name in ("http_requests_total", "predictions_total", "predict_seconds_bucket"):
        assert name + "{" in text
    assert 'http_requests_total{path="/predict",status="200"}' in text


def test_the_examples_of_openapi_work_as_they_stand(asked: Any) -> None:
    paths = asked.document["paths"]
    content = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        assert asked.http.post("/predict", json=example["value"]).status_code == 200
    body = paths["/labels"]["post"]["requestBody"]["content"]["application/json"]
    assert asked.http.post("/labels", json=body["example"]).status_code == 200


def test_every_reference_of_openapi_resolves(asked: Any) -> None:
    known = {f"#/components/schemas/{name}" for name in asked.document["components"]["schemas"]}

    def references(part: object) -> set[str]:
        if isinstance(part, list):
            return {found for item in part for found in references(item)}
        if isinstance(part, dict):
            own = {part["$ref"]} if "$ref" in part else set()
            return own | {found for item in part.values() for found in references(item)}
        return set()

    assert references(asked.document) <= known
