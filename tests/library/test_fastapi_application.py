"""The application is an ordinary FastAPI application: what FastAPI offers applies to `/predict`."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from mlops_loop.contract._json_schema import example_row
from mlops_loop.serving.fastapi import (
    PredictionService,
    Problem,
    RequestLifecycleMiddleware,
    add_documentation,
    add_exception_handlers,
    prediction_router,
)

from .applications import load_edition


@pytest.fixture
def edition(shop_project: Any, publisher: Any) -> ModuleType:
    """The module of the application, with a champion to serve."""
    publisher.publish("1")
    publisher.point("1")
    return load_edition("fastapi", shop_project())


@pytest.fixture
def app(edition: ModuleType) -> FastAPI:
    application: FastAPI = edition.app
    return application


@pytest.fixture
def row(publisher: Any) -> dict[str, Any]:
    return dict(example_row(publisher.contract))


@pytest.fixture
def build(shop_project: Any, publisher: Any) -> Callable[..., FastAPI]:
    """Builds an application around the library's routes; arguments are FastAPI's."""
    publisher.publish("1")
    publisher.point("1")

    def make(router: dict[str, Any] | None = None, **arguments: Any) -> FastAPI:
        service = PredictionService(shop_project())
        app = FastAPI(lifespan=service.lifespan, **arguments)
        app.add_middleware(RequestLifecycleMiddleware, service=service)
        add_exception_handlers(app, service)
        app.include_router(prediction_router(service), **(router or {}))
        return app

    return make


async def deny() -> None:
    raise HTTPException(403, "denied")


def test_the_edition_predicts(app: FastAPI, row: dict[str, Any]) -> None:
    with TestClient(app) as client:
        assert client.post("/predict", json=row).json()["model_version"] == "1"
        assert client.get("/versions").json() == {"champion": "1"}


def test_a_dependency_of_the_application_denies(
    build: Any, row: dict[str, Any], problem: Any
) -> None:
    with TestClient(build(dependencies=[Depends(deny)])) as client:
        for response in (client.post("/predict", json=row), client.get("/model")):
            assert problem(response, 403)["detail"] == "denied"


def test_a_dependency_of_the_router_denies(build: Any, row: dict[str, Any], problem: Any) -> None:
    with TestClient(build({"dependencies": [Depends(deny)]})) as client:
        assert problem(client.post("/predict", json=row), 403)["detail"] == "denied"


def test_a_dependency_of_the_route_denies(
    shop_project: Any, publisher: Any, row: dict[str, Any], problem: Any
) -> None:
    """A router of one's own takes the library's routes one by one."""
    service = PredictionService(shop_project())
    guarded = APIRouter()
    for route in prediction_router(service).routes:
        denied = [Depends(deny)] if route.path == "/predict" else []
        guarded.add_api_route(
            route.path, route.endpoint, methods=route.methods, dependencies=denied
        )
    app = FastAPI(lifespan=service.lifespan)
    app.add_middleware(RequestLifecycleMiddleware, service=service)
    add_exception_handlers(app, service)
    app.include_router(guarded)
    with TestClient(app) as client:
        assert problem(client.post("/predict", json=row), 403)["detail"] == "denied"
        assert client.get("/model").status_code == 200


def test_a_dependency_is_overridden(build: Any, row: dict[str, Any]) -> None:
    app = build({"dependencies": [Depends(deny)]})
    app.dependency_overrides[deny] = lambda: None
    with TestClient(app) as client:
        assert client.post("/predict", json=row).status_code == 200


def test_a_dependency_may_read_the_body(build: Any, row: dict[str, Any]) -> None:
    sizes: list[int] = []

    async def measure(request: Request, x_tenant: str = Header()) -> None:
        sizes.append(len(await request.body()))

    with TestClient(build({"dependencies": [Depends(measure)]})) as client:
        assert client.post("/predict", json=row).status_code == 422
        assert client.post("/predict", json=row, headers={"X-Tenant": "a"}).status_code == 200
    assert sizes and sizes[0] > 10


def test_middleware_sees_predictions(app: FastAPI, row: dict[str, Any]) -> None:
    @app.middleware("http")
    async def stamp(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers["X-Stamp"] = f"{request.state.request_id} {response.status_code}"
        return response

    with TestClient(app) as client:
        response = client.post("/predict", json=row)
        assert response.headers["x-stamp"] == f"{response.headers['x-request-id']} 200"


def test_exception_handlers_are_replaced(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status)

    with TestClient(app) as client:
        assert "not valid JSON" in client.post("/predict", content=b"{").json()["error"]
        large = b"x" * 3_000_000
        response = client.post("/predict", content=large)
        assert (response.status_code, set(response.json())) == (413, {"error"})
        assert response.headers["x-request-id"]


def test_an_internal_error_has_its_request_id(app: FastAPI, problem: Any) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    with TestClient(app, raise_server_exceptions=False) as client:
        assert "secret" not in problem(client.get("/broken"), 500)["detail"]
        metrics = client.get("/metrics").text
        assert 'http_requests_total{path="/broken",status="500"} 1.0' in metrics


def test_a_lifespan_of_ones_own_wraps_the_services(
    shop_project: Any, publisher: Any, row: dict[str, Any]
) -> None:
    publisher.publish("1")
    publisher.point("1")
    service = PredictionService(shop_project())
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        events.append("start")
        async with service.lifespan(app):
            yield
        events.append("stop")

    app = FastAPI(lifespan=lifespan)
    app.include_router(prediction_router(service))
    with TestClient(app) as client:
        assert client.post("/predict", json=row).status_code == 200
        assert events == ["start"]
    assert events == ["start", "stop"]


def test_an_application_starts_again_after_it_was_closed(app: FastAPI, row: dict[str, Any]) -> None:
    for _ in range(2):
        with TestClient(app) as client:
            assert client.post("/predict", json=row).status_code == 200


def test_without_its_lifespan_the_application_says_so(
    app: FastAPI, row: dict[str, Any], problem: Any
) -> None:
    client = TestClient(app)
    for response in (client.post("/predict", json=row), client.get("/health/ready")):
        assert "lifespan" in problem(response, 503)["detail"]
    assert client.get("/health/live").status_code == 200


def test_the_application_is_mounted_in_another(
    edition: ModuleType, row: dict[str, Any], problem: Any
) -> None:
    outer = FastAPI(lifespan=edition.service.lifespan)
    outer.mount("/models/shop", edition.app)
    with TestClient(outer) as client:
        assert client.post("/models/shop/predict", json=row).status_code == 200
        document = client.get("/models/shop/openapi.json").json()
        assert "/predict" in document["paths"]
        assert document["servers"] == [{"url": "/models/shop"}]
        assert client.get("/models/shop/docs").status_code == 200
        assert client.get("/models/shop/docs/assets/swagger-ui.css").status_code == 200


def test_in_another_application_keys_are_required_as_well(
    shop_project: Any, row: dict[str, Any], problem: Any
) -> None:
    edition = load_edition("fastapi", shop_project(api_keys=("secret-key",)))
    outer = FastAPI(lifespan=edition.service.lifespan)
    outer.mount("/shop", edition.app)
    with TestClient(outer) as client:
        problem(client.post("/shop/predict", json=row), 401)
        assert client.get("/shop/health/live").status_code == 200


def test_opentelemetry_traces_predictions(app: FastAPI, row: dict[str, Any]) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
    with TestClient(app) as client:
        assert client.post("/predict", json=row).status_code == 200
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert spans["POST /predict"]["http.route"] == "/predict"
    assert spans["POST /predict"]["http.status_code"] == 200


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
