"""Routes of one's own beside the service's endpoints, on FastAPI."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from mlops_loop.errors import ServiceError
from mlops_loop.serving.frameworks.fastapi_routes import make_app


class Basket(BaseModel):
    pieces: int


@pytest.fixture
def framework() -> str:
    return "fastapi"


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def baskets(heard: list[str]) -> ModuleType:
    """A module as a file in `serving/routes` would be."""

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        heard.append("begin")
        yield
        heard.append("end")

    router = APIRouter(lifespan=lifespan)

    @router.post("/baskets")
    def weigh(basket: Basket) -> dict[str, int]:
        return {"grams": 250 * basket.pieces}

    @router.get("/baskets/{number}")
    async def find(number: int) -> None:
        if number:
            raise HTTPException(404, "no such basket")
        raise RuntimeError("a basket fell down")

    module = ModuleType("baskets")
    module.__dict__["router"] = router
    return module


def test_a_route_of_ones_own_answers_beside_the_endpoints(
    serve_shop: Any, baskets: ModuleType, heard: list[str]
) -> None:
    with serve_shop(routes=[baskets]) as served:
        answer = served.http.post("/baskets", json={"pieces": 3})
        assert answer.json() == {"grams": 750}
        assert answer.headers["x-request-id"]
        assert served.http.get("/health/ready").status_code == 503
        paths = served.http.get("/openapi.json").json()["paths"]
        assert {"/baskets", "/baskets/{number}", "/predict"} <= paths.keys()
        assert heard == ["begin"]
    assert heard == ["begin", "end"]


def test_its_problems_read_like_those_of_the_endpoints(
    serve_shop: Any, baskets: ModuleType, problem: Any
) -> None:
    with serve_shop(routes=[baskets]) as served:
        assert problem(served.http.get("/baskets/7"), 404)["detail"] == "no such basket"
        assert "a basket" not in problem(served.http.get("/baskets/0"), 500)["detail"]
        (found,) = problem(served.http.post("/baskets", json={"pieces": "x"}), 422)["violations"]
        assert "integer" in found.pop("reason")
        assert found == {"row": 0, "column": "body.pieces", "value": "x"}
        problem(served.http.get("/nothing"), 404)


def test_it_wants_a_key_where_the_endpoints_do(
    serve_shop: Any, baskets: ModuleType, problem: Any
) -> None:
    with serve_shop(routes=[baskets], api_keys=("secret-key",)) as served:
        problem(served.http.post("/baskets", json={"pieces": 1}), 401)
        headers = {"X-API-Key": "secret-key"}
        answer = served.http.post("/baskets", json={"pieces": 1}, headers=headers)
        assert answer.json() == {"grams": 250}


def test_a_file_without_routes_is_refused() -> None:
    reception: Any = SimpleNamespace(title="shop")
    with pytest.raises(ServiceError, match="empty has no `router`"):
        make_app(reception, [ModuleType("empty")])


def test_a_service_without_routes_of_its_own_does_not_load_fastapi() -> None:
    framework = "mlops_loop.serving.frameworks.fastapi"
    code = f"import sys, {framework}; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
