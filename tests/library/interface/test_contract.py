"""What callers may rely on, whatever the contract and wherever the service runs."""

from typing import Any


def test_one_row_gets_one_prediction(api: Any) -> None:
    response = api.http.post("/predict", json=api.row)
    assert response.status_code == 200
    body = response.json()
    assert body.keys() - {"probabilities", "warnings"} == {
        "prediction",
        "prediction_id",
        "model_version",
        "variant",
    }
    assert len(body["prediction_id"]) == 36
    assert body["variant"] in ("champion", "challenger")
    assert abs(sum(body.get("probabilities", {"": 1.0}).values()) - 1) < 1e-6


def test_a_list_gets_a_list(api: Any) -> None:
    predictions = api.http.post("/predict", json=[api.row] * 100).json()
    assert len({prediction["prediction_id"] for prediction in predictions}) == 100
    assert api.http.post("/predict", json=[]).json() == []


def test_labels_join_their_predictions(api: Any) -> None:
    label = {"prediction_id": api.predict(), "label": api.label}
    none = {"joined": 0, "early": 0, "repeated": 0, "conflicting": []}
    assert api.http.post("/labels", json=label).json() == none | {"joined": 1}
    assert api.http.post("/labels", json=[label]).json() == none | {"repeated": 1}


def test_the_versions_in_service_are_named(api: Any) -> None:
    model = api.http.get("/model").json()
    assert model["champion"]["version"]
    ready = api.http.get("/health/ready")
    assert (ready.status_code, ready.json()["champion"]) == (200, model["champion"]["version"])
    assert api.http.get("/health/live").json() == {"status": "live"}


def test_probes_may_use_head(api: Any) -> None:
    for path in ("/health/live", "/health/ready", "/model", "/metrics", "/", "/docs"):
        response = api.http.head(path)
        assert (response.status_code, response.content) == (200, b""), path


def test_an_entity_keeps_its_variant(api: Any) -> None:
    headers = {"X-Entity-Key": "household-7"}
    responses = [api.http.post("/predict", json=api.row, headers=headers) for _ in range(3)]
    assert len({response.json()["model_version"] for response in responses}) == 1


def test_metrics_count_requests(api: Any) -> None:
    api.predict()
    text = api.http.get("/metrics").text
    for name in ("http_requests_total", "predictions_total", "predict_seconds_bucket"):
        assert name + "{" in text
    assert 'http_requests_total{path="/predict",status="200"}' in text


def test_the_examples_of_openapi_work_as_they_are(api: Any) -> None:
    for path in ("/predict", "/labels"):
        assert api.examples(path)
        for example in api.examples(path):
            assert api.http.post(path, json=example).status_code == 200


def test_openapi_describes_the_operations(api: Any) -> None:
    paths = api.document["paths"]
    assert {"/predict", "/labels", "/model", "/metrics", "/health/live"} <= paths.keys()
    predict = paths["/predict"]["post"]
    assert predict["operationId"] == "predict"
    assert predict["requestBody"]["required"] is True
    assert [parameter["name"] for parameter in predict["parameters"]] == ["X-Entity-Key"]
    assert {"200", "400", "401", "408", "413", "415", "422", "503"} == predict["responses"].keys()
    assert paths["/health/ready"]["get"]["security"] == []


def test_every_reference_of_openapi_resolves(api: Any) -> None:
    def references(part: object) -> list[dict[str, Any]]:
        if isinstance(part, list):
            return [found for item in part for found in references(item)]
        if isinstance(part, dict):
            own = [part] if "$ref" in part else []
            return own + [found for item in part.values() for found in references(item)]
        return []

    found = references(api.document)
    assert found and all(api.resolve(reference) for reference in found)
