"""Routes of one's own beside the service's endpoints, on Flask."""

from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from flask import Blueprint, abort

from mlops_loop.errors import ServiceError
from mlops_loop.serving.frameworks.flask import create_app


@pytest.fixture
def framework() -> str:
    return "flask"


@pytest.fixture
def baskets() -> ModuleType:
    """A module as a file in `serving/routes` would be."""
    blueprint = Blueprint("baskets", __name__)

    @blueprint.get("/baskets/<int:number>")
    def find(number: int) -> dict[str, int]:
        if number > 9:
            abort(404, "no such basket")
        return {"grams": 250 // number}

    module = ModuleType("baskets")
    module.__dict__["blueprint"] = blueprint
    return module


def test_a_route_of_ones_own_answers_beside_the_endpoints(
    serve_shop: Any, baskets: ModuleType, problem: Any
) -> None:
    with serve_shop(routes=[baskets]) as served:
        answer = served.http.get("/baskets/2")
        assert answer.json() == {"grams": 125}
        assert answer.headers["x-request-id"]
        assert problem(served.http.get("/baskets/10"), 404)["detail"] == "no such basket"
        assert "division" not in problem(served.http.get("/baskets/0"), 500)["detail"]
        assert served.http.get("/health/ready").status_code == 503


def test_it_wants_a_key_where_the_endpoints_do(
    serve_shop: Any, baskets: ModuleType, problem: Any
) -> None:
    with serve_shop(routes=[baskets], api_keys=("secret-key",)) as served:
        problem(served.http.get("/baskets/2"), 401)
        answer = served.http.get("/baskets/2", headers={"X-API-Key": "secret-key"})
        assert answer.json() == {"grams": 125}


def test_a_file_without_routes_is_refused() -> None:
    reception: Any = SimpleNamespace(title="shop", max_body_bytes=1, endpoints={})
    with pytest.raises(ServiceError, match="empty has no `blueprint`"):
        create_app(reception, [ModuleType("empty")])
