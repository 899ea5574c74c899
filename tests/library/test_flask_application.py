"""The application is an ordinary Flask application: what Flask offers applies to `/predict`."""

from types import ModuleType
from typing import Any

import pytest
from flask import Flask, Response, abort, g, jsonify

from mlops_loop.contract._json_schema import example_row
from mlops_loop.serving.flask import Problem

from .applications import load_edition


@pytest.fixture
def edition(shop_project: Any, publisher: Any) -> Any:
    """The module of the application, with a champion to serve."""
    publisher.publish("1")
    publisher.point("1")
    edition = load_edition("flask", shop_project())
    yield edition
    edition.service.close()


@pytest.fixture
def app(edition: ModuleType) -> Flask:
    application: Flask = edition.app
    return application


@pytest.fixture
def row(publisher: Any) -> dict[str, Any]:
    return dict(example_row(publisher.contract))


def test_the_edition_starts_with_its_first_request(app: Flask, row: dict[str, Any]) -> None:
    client = app.test_client()
    prediction = client.post("/predict", json=row).get_json()
    assert prediction["model_version"] == "1"
    assert client.get("/versions").get_json() == {"champion": "1"}


def test_a_hook_before_the_request_denies(app: Flask, row: dict[str, Any]) -> None:
    @app.before_request
    def deny() -> None:
        abort(403, "denied")

    response = app.test_client().post("/predict", json=row)
    assert (response.status_code, response.get_json()["detail"]) == (403, "denied")
    assert response.content_type == "application/problem+json"


def test_a_hook_after_the_request_sees_predictions(app: Flask, row: dict[str, Any]) -> None:
    @app.after_request
    def stamp(response: Response) -> Response:
        response.headers["X-Stamp"] = f"{g.request_id} {response.status_code}"
        return response

    response = app.test_client().post("/predict", json=row)
    assert response.headers["X-Stamp"] == f"{response.headers['X-Request-ID']} 200"


def test_error_handlers_are_replaced(app: Flask) -> None:
    @app.errorhandler(Problem)
    def problem(error: Problem) -> tuple[Response, int]:
        return jsonify({"error": error.detail}), error.status

    response = app.test_client().post("/predict", data=b"{", content_type="application/json")
    assert response.status_code == 400 and "not valid JSON" in response.get_json()["error"]


def test_routes_of_ones_own_have_the_same_errors_and_metrics(app: Flask) -> None:
    @app.get("/baskets/<int:number>")
    def find(number: int) -> dict[str, int]:
        return {"grams": 250 // number}

    client = app.test_client()
    assert client.get("/baskets/2").get_json() == {"grams": 125}
    broken = client.get("/baskets/0")
    assert broken.status_code == 500 and "division" not in broken.text
    assert broken.get_json()["request_id"] == broken.headers["X-Request-ID"]
    metrics = client.get("/metrics").text
    assert 'http_requests_total{path="/baskets/<int:number>",status="500"} 1.0' in metrics


def test_routes_of_ones_own_are_in_openapi(app: Flask) -> None:
    @app.put("/baskets/<int:number>")
    def put_basket(number: int) -> str:
        """Replace a basket.

        With what is in it.
        """
        return str(number)

    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    assert {"/predict", "/versions", "/baskets/{number}"} <= paths.keys()
    assert "/docs" not in paths
    (method, basket), *others = paths["/baskets/{number}"].items()
    assert (method, others, basket["summary"]) == ("put", [], "Replace a basket.")
    assert [each["name"] for each in basket["parameters"]] == ["number"]
    assert [*paths["/predict"]] == ["post"] and "requestBody" in paths["/predict"]["post"]


def test_routes_of_ones_own_require_keys(shop_project: Any) -> None:
    edition = load_edition("flask", shop_project(api_keys=("secret-key",)))
    client = edition.app.test_client()
    assert client.get("/versions").status_code == 401
    assert client.get("/versions", headers={"X-API-Key": "secret-key"}).status_code == 200
    edition.service.close()
