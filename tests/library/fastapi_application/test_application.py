"""The application is an ordinary FastAPI application: what FastAPI offers applies to `/predict`."""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mlops_loop.serving.fastapi import PredictionService, Problem, prediction_router

from ..applications import load_edition


def test_the_edition_predicts(app: FastAPI, row: dict[str, Any]) -> None:
    with TestClient(app) as client:
        assert client.post("/predict", json=row).json()["model_version"] == "1"
        assert client.get("/versions").json() == {"champion": "1"}


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
        headers = {"Content-Type": "application/json"}
        response = client.post("/predict", content=b"{", headers=headers)
        assert "not valid JSON" in response.json()["error"]
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
