"""Routes of the project beside those of the library, and the documentation of both."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.testclient import TestClient
from pydantic import BaseModel

from mlops_loop.serving.fastapi import PredictionService, add_documentation, prediction_router

from ..applications import load_edition


def test_redoc_works_without_a_network(app: FastAPI) -> None:
    with TestClient(app) as client:
        page = client.get("/redoc")
        assert "redoc.standalone.js" in page.text and "://" not in page.text
        script = client.get("/docs/assets/redoc.standalone.js")
        assert script.status_code == 200
        assert script.headers["content-type"].startswith("text/javascript")


class Basket(BaseModel):
    pieces: int


@pytest.fixture
def with_baskets(app: FastAPI) -> FastAPI:
    router = APIRouter()

    @router.post("/baskets")
    def weigh(basket: Basket) -> dict[str, int]:
        if basket.pieces > 99:
            raise HTTPException(404, "no such basket")
        return {"grams": 250 * basket.pieces}

    app.include_router(router)
    return app


def test_routes_of_ones_own_have_the_same_errors(with_baskets: FastAPI, problem: Any) -> None:
    with TestClient(with_baskets) as client:
        assert client.post("/baskets", json={"pieces": 3}).json() == {"grams": 750}
        missing = problem(client.post("/baskets", json={"pieces": 100}), 404)
        assert missing["detail"] == "no such basket"
        (violation,) = problem(client.post("/baskets", json={"pieces": "x"}), 422)["violations"]
        assert "integer" in violation.pop("reason")
        assert violation == {"row": 0, "column": "body.pieces", "value": "x"}


def test_routes_of_ones_own_are_in_openapi_and_metrics(with_baskets: FastAPI) -> None:
    with TestClient(with_baskets) as client:
        document = client.get("/openapi.json").json()
        assert {"/baskets", "/predict"} <= document["paths"].keys()
        assert {"Basket", "Row"} <= document["components"]["schemas"].keys()
        client.post("/baskets", json={"pieces": 3})
        assert 'path="/baskets",status="200"' in client.get("/metrics").text


def test_routes_of_ones_own_require_keys(shop_project: Any, problem: Any) -> None:
    edition = load_edition("fastapi", shop_project(api_keys=("secret-key",)))
    with TestClient(edition.app) as client:
        problem(client.get("/versions"), 401)
        assert client.get("/versions", headers={"X-API-Key": "secret-key"}).status_code == 200


def test_documentation_can_be_left_out(build: Any) -> None:
    with TestClient(build(openapi_url=None)) as client:
        assert client.get("/").status_code == 404


def test_the_contract_that_serves_is_documented(
    shop_project: Any, publisher: Any, shop: Any
) -> None:
    service = PredictionService(shop_project())
    app = FastAPI(lifespan=service.lifespan)
    app.include_router(prediction_router(service))
    add_documentation(app, service)
    with TestClient(app) as client:
        assert (
            "price"
            in client.get("/openapi.json").json()["components"]["schemas"]["Row"]["properties"]
        )
