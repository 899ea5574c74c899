"""How the service reports errors: problem documents (RFC 9457)."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"price": NaN}', b"[" * 5000])
@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_a_body_that_is_not_json_is_a_bad_request(
    api: Any, problem: Any, path: str, body: bytes
) -> None:
    assert "not valid JSON" in problem(api.http.post(path, content=body), 400)["detail"]


@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_a_body_declared_as_something_else_is_not_read(api: Any, problem: Any, path: str) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = problem(api.http.post(path, content=b"{}", headers=headers), 415)
    assert "not as text/csv" in answer["detail"]


def test_a_row_that_violates_the_contract_gets_every_violation(api: Any, problem: Any) -> None:
    rows = [api.row, {**api.row, "no such column": 1}, 7]
    violations = problem(api.http.post("/predict", json=rows), 422)["violations"]
    assert [(each["row"], each["column"], each["value"]) for each in violations] == [
        (1, "no such column", 1),
        (2, None, 7),
    ]
    assert all(each["reason"] for each in violations)
    required = api.document["components"]["schemas"]["Row"]["required"]
    violations = problem(api.http.post("/predict", json={}), 422)["violations"]
    assert {each["column"] for each in violations} == set(required)


def test_an_invalid_label_gets_every_violation(api: Any, problem: Any) -> None:
    labels = [{"prediction_id": "b", "label": None}, {"prediction_id": ""}, 7]
    violations = problem(api.http.post("/labels", json=labels), 422)["violations"]
    assert {(each["row"], each["column"]) for each in violations} == {
        (0, "label"),
        (1, "label"),
        (1, "prediction_id"),
        (2, None),
    }


def test_unknown_paths_and_methods_are_problems(api: Any, problem: Any) -> None:
    problem(api.http.get("/nothing"), 404)
    response = api.http.get("/predict")
    problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_a_request_id_is_kept_or_generated(api: Any) -> None:
    kept = api.http.get("/model", headers={"X-Request-ID": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    invalid = (b"", b"a b", "é".encode(), b"x" * 129)
    responses = [api.http.get("/model", headers={b"X-Request-ID": value}) for value in invalid]
    assert len({each.headers["x-request-id"] for each in responses} - set(invalid)) == 4


def test_where_keys_are_required_only_health_and_pages_answer_without(
    api: Any, problem: Any
) -> None:
    with httpx.Client(base_url=api.http.base_url, timeout=30) as anonymous:
        responses = [anonymous.get(path) for path in ("/model", "/metrics", "/openapi.json")]
        for response in [*responses, anonymous.post("/predict", json=api.row)]:
            if api.requires_keys:
                assert "X-API-Key" in problem(response, 401)["detail"]
            else:
                assert response.status_code == 200
        for path in ("/health/live", "/health/ready", "/", "/docs"):
            assert anonymous.get(path).status_code == 200
