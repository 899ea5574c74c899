"""How the service refuses: problem documents (RFC 9457) that say what is wrong."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"price": NaN}', b"[" * 5000])
@pytest.mark.parametrize("path", ["/predict", "/labels"])
def test_what_is_not_json_is_a_bad_request(
    asked: Any, problem: Any, path: str, body: bytes
) -> None:
    assert "not valid JSON" in problem(asked.http.post(path, content=body), 400)["detail"]


def test_a_row_that_breaks_the_contract_gets_every_violation(asked: Any, problem: Any) -> None:
    rows = [asked.row, {**asked.row, "no such column": 1}, 7]
    found = problem(asked.http.post("/predict", json=rows), 422)["violations"]
    assert [(one["row"], one["column"], one["value"]) for one in found] == [
        (1, "no such column", 1),
        (2, None, 7),
    ]
    assert all(one["reason"] for one in found)
    required = asked.document["components"]["schemas"]["Row"]["required"]
    found = problem(asked.http.post("/predict", json={}), 422)["violations"]
    assert {one["column"] for one in found} == set(required)


def test_a_label_that_is_none_gets_every_violation(asked: Any, problem: Any) -> None:
    labels = [{"prediction_id": "b", "label": None}, {"prediction_id": ""}, 7]
    found = problem(asked.http.post("/labels", json=labels), 422)["violations"]
    assert {(one["row"], one["column"]) for one in found} == {
        (0, "label"),
        (1, "label"),
        (1, "prediction_id"),
        (2, None),
    }


def test_unknown_paths_and_methods_are_problems(asked: Any, problem: Any) -> None:
    problem(asked.http.get("/nothing"), 404)
    answer = asked.http.get("/predict")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_a_request_id_is_kept_or_made(asked: Any) -> None:
    kept = asked.http.get("/model", headers={"X-Request-ID": "trace-1"})
    assert kept.headers["x-request-id"] == "trace-1"
    bad = (b"", b"a b", "é".encode(), b"x" * 129)
    made = [asked.http.get("/model", headers={b"X-Request-ID": value}) for value in bad]
    assert len({answer.headers["x-request-id"] for answer in made} - set(bad)) == 4


def test_where_a_key_is_wanted_nothing_answers_without(asked: Any, problem: Any) -> None:
    wanted = asked.document["paths"]["/predict"]["post"]["security"] == [{"ApiKey": []}]
    with httpx.Client(base_url=asked.http.base_url, timeout=30) as stranger:
        answers = [stranger.get(path) for path in ("/model", "/metrics", "/openapi.json")]
        for answer in [*answers, stranger.post("/predict", json=asked.row)]:
            if wanted:
                assert "X-API-Key" in problem(answer, 401)["detail"]
            else:
                assert answer.status_code == 200
        for path in ("/health/live", "/health/ready", "/", "/docs"):
            assert stranger.get(path).status_code == 200
