"""The library's routes: ordinary endpoints of FastAPI."""

import asyncio

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from .._headers import ENTITY_HEADER
from .._metrics import MEDIA_TYPE
from .._openapi import operation
from .._prediction_handler import PendingRequest
from .._problem import Problem
from .._request_lifecycle import RequestContext, require_json, without_bom
from .._response import JSON, SHORT_BODY, ServiceResponse
from .._service import PredictionService
from ._caller import current_caller
from ._errors import CONTEXT
from ._micro_batcher import MicroBatcher


def prediction_router(service: PredictionService) -> APIRouter:
    """`POST /predict`, `POST /labels` and `GET /model`.

    Callers need the scopes `predict` and `label`; any caller may read `/model`. Bodies are one JSON
    object or a list of them; `/predict` answers one prediction, or a list in the order of the rows.
    Errors are raised as `Problem`: 400 (not JSON), 401 (no API key), 403 (a scope is missing), 408
    (the body came too slowly), 413 (too many rows), 415 (not declared as JSON), 422 (the contract
    is violated), 503 (no model, too many requests in flight, or the prediction log is unavailable).

    Examples:
        >>> from fastapi import Depends, FastAPI
        >>> from fastapi.testclient import TestClient
        >>> def only_on_workdays() -> None: ...
        >>> app = FastAPI(lifespan=service.lifespan)
        >>> app.include_router(prediction_router(service), dependencies=[Depends(only_on_workdays)])
        >>> add_exception_handlers(app, service)
        >>> with TestClient(app) as client:
        ...     client.post("/predict", json={}).status_code  # without an API key
        401
    """
    router = APIRouter(tags=["predictions"])
    batcher = MicroBatcher(service.predict_batch)

    @router.post("/predict", openapi_extra=operation("/predict"))
    async def predict(request: Request) -> Response:
        caller = current_caller(service, request, "predict")
        body = await _read(request, service)
        pending = PendingRequest(body, request.headers.get(ENTITY_HEADER), caller.name)
        with service.limiter:
            if len(body) <= SHORT_BODY:
                # Validated, predicted and recorded: see `_prediction_handler.py`.
                response = await batcher.submit(pending)
            else:
                response = await run_in_threadpool(service.predict, pending)
                if response.recorded is not None:
                    await asyncio.wrap_future(response.recorded)
        return _to_http(request, response)

    @router.post("/labels", openapi_extra=operation("/labels"))
    async def labels(request: Request) -> Response:
        caller = current_caller(service, request, "label")
        body = await _read(request, service)
        with service.limiter:
            response = await run_in_threadpool(service.label, body, caller)
        return _to_http(request, response)

    @router.head("/model", include_in_schema=False)
    @router.get("/model", openapi_extra=operation("/model"))
    async def model(request: Request) -> Response:
        current_caller(service, request)
        return _json(service.model())

    return router


def operations_router(service: PredictionService) -> APIRouter:
    """`GET /health/live`, `GET /health/ready` and `GET /metrics`.

    Health checks are public; metrics need the scope `metrics`. Ready answers 503 (`Problem`) with
    the reason while requests for predictions would fail.

    Examples:
        >>> from fastapi import FastAPI
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI(lifespan=service.lifespan)
        >>> app.include_router(operations_router(service))
        >>> TestClient(app).get("/health/live").json()
        {'status': 'live'}
    """
    router = APIRouter(tags=["operations"])

    @router.head("/health/live", include_in_schema=False)
    @router.get("/health/live", openapi_extra=operation("/health/live"))
    async def live() -> Response:
        return _json({"status": "live"})

    @router.head("/health/ready", include_in_schema=False)
    @router.get("/health/ready", openapi_extra=operation("/health/ready"))
    async def ready() -> Response:
        # Only a log that has failed is waited for: a probe should not queue behind large bodies.
        if service.store_health.degraded:
            return _json(await run_in_threadpool(service.ready))
        return _json(service.ready())

    @router.head("/metrics", include_in_schema=False)
    @router.get("/metrics", openapi_extra=operation("/metrics"))
    async def metrics(request: Request) -> Response:
        current_caller(service, request, "metrics")
        return Response(service.metrics_text(), media_type=MEDIA_TYPE)

    return router


async def _read(request: Request, service: PredictionService) -> bytes:
    """The body of a request.

    Raises:
        Problem: 408 if it takes longer than `serving.request_timeout`, 415 if it is not plain JSON.
    """
    require_json(request.headers.get("content-type"), request.headers.get("content-encoding"))
    seconds = service.project.settings.serving.request_timeout.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return without_bom(await request.body())
    except TimeoutError:
        detail = f"the body did not arrive in time (limit {seconds:g} s)"
        raise Problem(408, detail, headers={"Connection": "close"}) from None


def _to_http(request: Request, response: ServiceResponse) -> Response:
    context: RequestContext | None = request.scope.get(CONTEXT)
    if context is not None:
        context.describe(response)
    return Response(response.content, media_type=JSON)


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type=JSON)
