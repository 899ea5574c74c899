"""An application serves a copy of the project while it is tested."""

from typing import Any

import pytest

from mlops_loop.errors import ServiceError
from mlops_loop.testing import HttpContract, application_client, example_row, get_paths

from ..applications import load_edition

ROUTES = {"/health/live", "/health/ready", "/metrics", "/model", "/versions"}


@pytest.fixture
def edition(framework: str, shop_project: Any, publisher: Any) -> Any:
    """The module of the application, with a champion to serve."""
    publisher.publish("1")
    publisher.point("1")
    edition = load_edition(framework, shop_project())
    yield edition
    edition.service.close()


@pytest.fixture
def client(edition: Any, shop_project: Any) -> Any:
    project = shop_project(api_keys=("shop-key",))
    headers = {"X-API-Key": "shop-key"}
    with application_client(edition.app, edition.service, project, headers=headers) as client:
        yield client


class TestHttpContract(HttpContract):
    """Through the clients of the tests; `interface` runs it over the network."""


def test_the_application_serves_the_other_project(edition: Any, client: Any) -> None:
    assert edition.service.project.settings.serving.api_keys == ("shop-key",)
    assert client.get("/model").status_code == 200
    assert client.get("/model", headers={"X-API-Key": "key"}).status_code == 401


def test_afterwards_it_serves_its_own(edition: Any, shop_project: Any, publisher: Any) -> None:
    own, row = edition.service.project, example_row(publisher.contract)
    with application_client(edition.app, edition.service, shop_project(), headers={}) as client:
        client.post("/predict", json=row)
    assert edition.service.project is own
    with application_client(edition.app, edition.service, own, headers={}) as client:
        assert client.post("/predict", json=row).status_code == 200
        counted = 'http_requests_total{path="/predict",status="200"} 1.0'
        assert counted in client.get("/metrics").text


def test_a_running_service_is_not_redirected(edition: Any, client: Any, shop_project: Any) -> None:
    client.get("/model")
    with pytest.raises(ServiceError, match="is running"):
        with edition.service.override_project(shop_project()):
            pass


def test_the_paths_of_ones_own_routes_are_listed(edition: Any) -> None:
    assert set(get_paths(edition.app)) >= ROUTES


def test_paths_with_parameters_are_left_out(edition: Any, framework: str) -> None:
    def item(number: int) -> dict[str, int]:
        return {"number": number}

    def create() -> dict[str, int]:
        return {"number": 1}

    edition.app.get("/items/{number}" if framework == "fastapi" else "/items/<int:number>")(item)
    edition.app.post("/items")(create)
    assert not [path for path in get_paths(edition.app) if "items" in path]
