"""The FastAPI adapter: routes to the application core and back."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..clock import Clock
from ..feature_set import features_digest
from ..prediction_log import PredictionLog, open_prediction_log
from ..predictor import OnnxPredictor
from ..publication import BundleStore, open_bundle_store
from ..settings import Settings
from . import metrics, openapi, status
from .asgi import Reception, read_body, send_json
from .keys import ApiKeys, require_keys
from .problem import Problem
from .router import Load, Router
from .service import PredictionService

# Bodies beyond this size are worked on in a thread, so that small ones need not wait for them.
_INLINE_BYTES = 16_384


class ServiceApp(FastAPI):
    """FastAPI whose OpenAPI document is completed from the contract that serves."""

    service: PredictionService
    secured: bool

    def openapi(self) -> dict[str, Any]:
        own = get_openapi(title=self.title, version=self.version, routes=self.routes)
        made = openapi.document(
            self.service.contract, title=self.title, version=self.version, secured=self.secured
        )
        paths = {**own.get("paths", {}), **made["paths"]}
        schemas = {**own.get("components", {}).get("schemas", {}), **made["components"]["schemas"]}
        return {**made, "paths": paths, "components": {**made["components"], "schemas": schemas}}


def create_app(
    settings: Settings,
    *,
    log: PredictionLog | None = None,
    store: BundleStore | None = None,
    clock: Clock | None = None,
    load: Load = OnnxPredictor,
    announce: Callable[[], None] | None = None,
) -> ServiceApp:
    """The service as an ASGI application; its lifespan loads the models and closes the log.

    Args:
        settings: of the project.
        log: where predictions are kept, by default the one that the settings name.
        store: where bundles are published, by default the one that the settings name.
        load: makes a predictor of a bundle.
        announce: called when the models are loaded.

    Raises:
        ServiceError: if the service would be open to the network without a key.
        StoreError: if the prediction log cannot be opened.
    """
    limits = settings.serving
    require_keys(limits.api_keys, limits.host)
    store = store or open_bundle_store(settings.bundle_store, settings.root)
    service = PredictionService(
        Router(store, features_digest=features_digest(), load=load),
        log or open_prediction_log(settings.prediction_log, root=settings.root),
        settings.contract(),
        max_rows=limits.max_rows,
        max_concurrency=limits.max_concurrency,
        watch_interval=limits.watch_interval.total_seconds(),
        clock=clock,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        # What is here now stays: the collector need not look at it again.
        gc.freeze()
        gc.enable()
        if announce is not None:
            announce()
        yield
        await run_in_threadpool(service.close)

    keys = ApiKeys(limits.api_keys)
    app = ServiceApp(title=__package__.partition(".")[0], lifespan=lifespan, redoc_url=None)
    app.service, app.secured = service, keys.required
    app.router.routes[:0] = _routes(service, limits.max_body_bytes)
    app.add_middleware(Reception, service=service, keys=keys)
    app.add_exception_handler(HTTPException, _raise_problem)
    return app


def _routes(service: PredictionService, limit: int) -> list[Route]:
    return [
        Route("/predict", _Predict(service, limit), methods=["POST"]),
        Route("/labels", _Label(service, limit), methods=["POST"]),
        Route("/model", _getter(lambda: status.model(service))),
        Route("/health/live", _getter(lambda: {"status": "live"})),
        Route("/health/ready", _ready(service)),
        Route("/metrics", _exposition(service)),
    ]


class _Predict:
    """`POST /predict` as a bare ASGI endpoint: what FastAPI does around one costs as much again."""

    def __init__(self, service: PredictionService, limit: int) -> None:
        self._service = service
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        body = await read_body(scope, receive, self._limit)
        key = _entity_key(scope)
        with self._service.slot():
            if len(body) <= _INLINE_BYTES:
                reply = self._service.predict(body, key)
            else:
                reply = await run_in_threadpool(self._service.predict, body, key)
            await asyncio.wrap_future(reply.recorded)
        await send_json(send, reply.content)
        self._service.metrics.observe(reply.variant, perf_counter() - started)
        scope["note"].update(rows=reply.rows, prediction_id=reply.prediction_id)


class _Label:
    """`POST /labels`."""

    def __init__(self, service: PredictionService, limit: int) -> None:
        self._service = service
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, self._limit)
        with self._service.slot():
            content = await run_in_threadpool(self._service.label, body)
        await send_json(send, content)


def _getter(answer: Callable[[], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def get(_: Request) -> Response:
        return _json(answer())

    return get


def _ready(service: PredictionService) -> Callable[[Request], Awaitable[Response]]:
    async def get(_: Request) -> Response:
        # Only a log that failed is waited for. Else no thread: a probe should not queue behind
        # large bodies, and the first thread takes longer to come than all else in this answer.
        if service.store_in_doubt:
            return _json(await run_in_threadpool(status.ready, service))
        return _json(status.ready(service))

    return get


def _json(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")


def _exposition(service: PredictionService) -> Callable[[Request], Awaitable[Response]]:
    async def get(_: Request) -> Response:
        return Response(status.exposition(service), media_type=metrics.MEDIA_TYPE)

    return get


def _entity_key(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-entity-key":
            return bytes(value).decode("latin-1")
    return None


async def _raise_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    raise Problem(error.status_code, error.detail, headers=error.headers) from error
