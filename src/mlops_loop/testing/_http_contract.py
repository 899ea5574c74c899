"""The HTTP contract suite: the guarantees to clients of a service, whatever the data contract."""

import codecs
import gzip
from typing import Any

import httpx
import pytest

_JSON = {"Content-Type": "application/json"}
_PREDICTION = {"prediction", "prediction_id", "model_version", "variant"}


class ServiceUnderTest:
    """A service with a model, known only by its HTTP responses."""

    def __init__(self, client: httpx.Client) -> None:
        self.http = client
        response = client.get("/openapi.json")
        assert response.status_code == 200, response.text
        self.document: dict[str, Any] = response.json()

    def resolve(self, part: dict[str, Any]) -> dict[str, Any]:
        """A part of the OpenAPI document, or what its `$ref` refers to."""
        while "$ref" in part:
            target: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            part = target
        return part

    def examples(self, path: str) -> list[Any]:
        """The example bodies of an operation."""
        content = self.document["paths"][path]["post"]["requestBody"]["content"]
        examples = content["application/json"]["examples"].values()
        return [self.resolve(example)["value"] for example in examples]

    @property
    def row_schema(self) -> dict[str, Any]:
        return self.resolve({"$ref": "#/components/schemas/Row"})

    @property
    def row(self) -> dict[str, Any]:
        """A row that it should predict."""
        return dict(self.examples("/predict")[0])

    @property
    def label(self) -> Any:
        """A label that it should accept."""
        return self.examples("/labels")[0]["label"]

    def predict(self) -> dict[str, Any]:
        """The prediction for the example row."""
        response = self.http.post("/predict", json=self.row)
        assert response.status_code == 200, response.text
        prediction: dict[str, Any] = response.json()
        return prediction


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document (RFC 9457) of a response that has to be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert {"type", "title", "detail"} <= document.keys()
    assert document["request_id"] == response.headers["x-request-id"]
    return document


class HttpContract:
    """Tests of the HTTP interface, to inherit from in a module with a fixture `client`.

    The client is an httpx client of a service with a champion, and sends a valid API key. Override
    a test where your service behaves differently, e.g. has errors of its own.

    Attributes:
        keeps_predictions: False for a service with `prediction_log: none`, which rejects labels.

    Examples:
        >>> class TestHttpContract(HttpContract):
        ...     def test_unknown_paths_and_methods_are_problems(self, service):
        ...         assert service.http.get("/nothing").json() == {"error": "Not Found"}
    """

    keeps_predictions = True

    @pytest.fixture
    def service(self, client: httpx.Client) -> ServiceUnderTest:
        return ServiceUnderTest(client)

    def test_one_row_gets_one_prediction(self, service: ServiceUnderTest) -> None:
        prediction = service.predict()
        assert prediction.keys() - {"probabilities", "warnings"} == _PREDICTION
        assert len(prediction["prediction_id"]) == 36
        assert prediction["variant"] in ("champion", "challenger")
        assert abs(sum(prediction.get("probabilities", {"": 1.0}).values()) - 1) < 1e-4

    def test_a_list_gets_a_list(self, service: ServiceUnderTest) -> None:
        predictions = service.http.post("/predict", json=[service.row] * 3).json()
        assert len({prediction["prediction_id"] for prediction in predictions}) == 3
        assert service.http.post("/predict", json=[]).json() == []

    def test_labels_join_their_predictions_or_are_rejected(self, service: ServiceUnderTest) -> None:
        label = {"prediction_id": service.predict()["prediction_id"], "label": service.label}
        if not self.keeps_predictions:
            response = service.http.post("/labels", json=label)
            assert "keeps neither predictions nor labels" in problem(response, 409)["detail"]
            return
        none = {
            "joined": 0,
            "early": 0,
            "repeated": 0,
            "conflicting": [],
            "other_target": [],
            "replaced": [],
            "dropped": [],
        }
        assert service.http.post("/labels", json=label).json() == none | {"joined": 1}
        assert service.http.post("/labels", json=[label]).json() == none | {"repeated": 1}

    def test_the_versions_in_service_are_named(self, service: ServiceUnderTest) -> None:
        model = service.http.get("/model").json()
        assert model["champion"]["version"]
        ready = service.http.get("/health/ready")
        assert (ready.status_code, ready.json()["champion"]) == (200, model["champion"]["version"])
        assert service.http.get("/health/live").json() == {"status": "live"}

    def test_probes_may_use_head(self, service: ServiceUnderTest) -> None:
        for path in ("/health/live", "/health/ready", "/model", "/metrics"):
            response = service.http.head(path)
            assert (response.status_code, response.content) == (200, b""), path

    def test_an_entity_keeps_its_variant(self, service: ServiceUnderTest) -> None:
        headers = {"X-Entity-Key": "household-7"}
        post = service.http.post
        responses = [post("/predict", json=service.row, headers=headers) for _ in range(3)]
        assert len({response.json()["model_version"] for response in responses}) == 1

    def test_metrics_count_requests(self, service: ServiceUnderTest) -> None:
        service.predict()
        text = service.http.get("/metrics").text
        for name in ("http_requests_total", "predictions_total", "predict_seconds_bucket"):
            assert name + "{" in text
        assert 'http_requests_total{path="/predict",status="200"}' in text

    def test_the_examples_of_openapi_work_as_they_are(self, service: ServiceUnderTest) -> None:
        for path in ("/predict", "/labels"):
            assert service.examples(path)
            for example in service.examples(path):
                response = service.http.post(path, json=example)
                accepts = path == "/predict" or self.keeps_predictions
                assert response.status_code == (200 if accepts else 409), response.text

    def test_openapi_describes_the_operations(self, service: ServiceUnderTest) -> None:
        paths = service.document["paths"]
        assert {"/predict", "/labels", "/model", "/metrics", "/health/live"} <= paths.keys()
        predict = paths["/predict"]["post"]
        assert predict["requestBody"]["required"] is True
        assert "X-Entity-Key" in [parameter["name"] for parameter in predict["parameters"]]
        documented = predict["responses"].keys()
        assert {"200", "400", "401", "408", "413", "415", "422", "503"} <= documented

    def test_every_reference_of_openapi_resolves(self, service: ServiceUnderTest) -> None:
        references = _references(service.document)
        assert references and all(service.resolve(reference) for reference in references)

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"price": NaN}', b"[" * 5000])
    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_a_body_that_is_not_json_is_a_bad_request(
        self, service: ServiceUnderTest, path: str, body: bytes
    ) -> None:
        response = service.http.post(path, content=body, headers=_JSON)
        assert "not valid JSON" in problem(response, 400)["detail"]

    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_a_body_declared_as_something_else_is_not_read(
        self, service: ServiceUnderTest, path: str
    ) -> None:
        headers = {"Content-Type": "text/csv"}
        response = service.http.post(path, content=b"{}", headers=headers)
        assert "not as text/csv" in problem(response, 415)["detail"]

    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_a_body_has_to_be_declared_as_json(self, service: ServiceUnderTest, path: str) -> None:
        response = service.http.post(path, content=b"[]")
        assert "Content-Type: application/json" in problem(response, 415)["detail"]

    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_pages_of_other_sites_change_nothing(
        self, service: ServiceUnderTest, path: str
    ) -> None:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://other.example"}):
            problem(service.http.post(path, json=[], headers=headers), 403)

    def test_browsers_do_not_guess_or_frame(self, service: ServiceUnderTest) -> None:
        for response in (service.http.get("/model"), service.http.get("/nothing")):
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["x-frame-options"] == "DENY"
            assert response.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_a_compressed_body_is_not_read(self, service: ServiceUnderTest, path: str) -> None:
        headers = {**_JSON, "Content-Encoding": "gzip"}
        response = service.http.post(path, content=gzip.compress(b"[]"), headers=headers)
        assert "not as gzip" in problem(response, 415)["detail"]

    @pytest.mark.parametrize("path", ["/predict", "/labels"])
    def test_a_byte_order_mark_is_no_part_of_the_body(
        self, service: ServiceUnderTest, path: str
    ) -> None:
        body = codecs.BOM_UTF8 + b"[]"
        assert service.http.post(path, content=body, headers=_JSON).status_code == 200

    def test_every_violation_of_the_contract_is_listed(self, service: ServiceUnderTest) -> None:
        rows = [service.row, {**service.row, "no such column": 1}, 7]
        expected: list[Any] = [(1, "no such column", 1), (2, None, 7)]
        if service.row_schema["additionalProperties"]:
            del expected[0]
        violations = problem(service.http.post("/predict", json=rows), 422)["violations"]
        assert [(each["row"], each["column"], each["value"]) for each in violations] == expected
        assert all(each["reason"] for each in violations)

    def test_every_missing_column_is_listed(self, service: ServiceUnderTest) -> None:
        required = set(service.row_schema["required"])
        response = service.http.post("/predict", json=[{}])
        if required:
            violations = problem(response, 422)["violations"]
            assert {each["column"] for each in violations} == required
        else:
            assert response.status_code == 200

    def test_every_violation_of_labels_is_listed(self, service: ServiceUnderTest) -> None:
        labels = [{"prediction_id": "b", "label": None}, {"prediction_id": ""}, 7]
        violations = problem(service.http.post("/labels", json=labels), 422)["violations"]
        assert {(each["row"], each["column"]) for each in violations} == {
            (0, "label"),
            (1, "label"),
            (1, "prediction_id"),
            (2, None),
        }

    def test_unknown_paths_and_methods_are_problems(self, service: ServiceUnderTest) -> None:
        problem(service.http.get("/nothing"), 404)
        response = service.http.get("/predict")
        problem(response, 405)
        assert response.headers["allow"] == "POST"

    def test_a_request_id_is_kept_or_generated(self, service: ServiceUnderTest) -> None:
        response = service.http.get("/model", headers={"X-Request-ID": "trace-1"})
        assert response.headers["x-request-id"] == "trace-1"
        invalid = ("", "a b", "x" * 129)
        responses = [
            service.http.get("/model", headers={"X-Request-ID": value}) for value in invalid
        ]
        assert len({each.headers["x-request-id"] for each in responses} - {*invalid}) == 3


def _references(part: object) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [reference for item in part for reference in _references(item)]
    if isinstance(part, dict):
        own = [part] if "$ref" in part else []
        return own + [reference for item in part.values() for reference in _references(item)]
    return []
