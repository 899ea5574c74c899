"""ASGI middleware around every route of an application, the user's own among them."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .._authorization import authenticate, is_public
from .._caller import Caller
from .._headers import BROWSER_HEADERS, KEY_HEADER, REQUEST_ID_HEADER
from .._problem import Problem
from .._request_lifecycle import UNROUTED, RequestLifecycle, too_large
from .._service import PredictionService
from ._errors import CONTEXT, send_problem

_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()
_API_KEY = KEY_HEADER.lower().encode()
_BROWSER_HEADERS = [
    (name.lower().encode(), value.encode()) for name, value in BROWSER_HEADERS.items()
]
_BROWSER_NAMES = frozenset(name for name, _ in _BROWSER_HEADERS)


class RequestLifecycleMiddleware:
    """Request id, limit on the body, headers for browsers, metrics and access log.

    Add it last, so that it is the outermost: it then covers what other middleware answers. Routes
    find the id as `request.state.request_id`; responses carry it in the header `X-Request-ID`. A
    body larger than `serving.max_body_bytes` is answered by a problem document with status 413.
    Responses get `X-Content-Type-Options`, `X-Frame-Options` and `Referrer-Policy` unless they have
    them.

    Args:
        app: the application inside of it, which `add_middleware` passes.
        service: its settings and metrics.

    Examples:
        >>> from fastapi import FastAPI, Request
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI()
        >>> app.add_middleware(RequestLifecycleMiddleware, service=service)
        >>> @app.get("/id")
        ... async def request_id(request: Request) -> str:
        ...     return request.state.request_id
        >>> response = TestClient(app).get("/id", headers={"X-Request-ID": "order-7"})
        >>> response.json(), response.headers["X-Request-ID"]
        ('order-7', 'order-7')
    """

    def __init__(self, app: ASGIApp, service: PredictionService) -> None:
        self._app = app
        self._service = service
        self._lifecycle = RequestLifecycle(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        context = self._lifecycle.begin(scope["method"], _text(headers.get(_REQUEST_ID)))
        scope[CONTEXT] = context
        scope.setdefault("state", {})["request_id"] = context.request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                own = (_REQUEST_ID, context.request_id.encode())
                sent = message.get("headers", ())
                names = {name for name, _ in sent}
                more = _BROWSER_HEADERS
                if not names.isdisjoint(_BROWSER_NAMES):
                    more = [header for header in more if header[0] not in names]
                message["headers"] = [*sent, own, *more]
            await send(message)

        limit = self._service.project.settings.serving.max_body_bytes
        try:
            if int(headers.get(b"content-length", 0)) > limit:
                await send_problem(too_large(limit), scope, receive, send_with_id)
            else:
                if b"transfer-encoding" in headers:
                    receive = _limit_body(receive, limit)
                await self._app(scope, receive, send_with_id)
        except Exception as error:
            context.error = type(error).__name__
            raise
        finally:
            context.route = getattr(scope.get("route"), "path", UNROUTED)
            caller = scope["state"].get("caller")
            context.caller = caller.name if isinstance(caller, Caller) else ""
            self._lifecycle.finish(context)


class ApiKeyMiddleware:
    """Rejects requests without a valid API key, except for health checks and pages.

    The key comes in the header `X-API-Key`; without a valid one the answer is a problem document
    with status 401. Routes find the `Caller` as `request.state.caller`. Where something else
    authenticates callers, leave the middleware out and set `request.state.caller` there; without
    either, the library's routes check the key themselves.

    Args:
        app: the application inside of it, which `add_middleware` passes.
        service: its keys are those of `serving.api_keys` and of the key file.

    Examples:
        >>> from fastapi import FastAPI
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI()
        >>> app.add_middleware(ApiKeyMiddleware, service=service)
        >>> app.include_router(operations_router(service))
        >>> client = TestClient(app)
        >>> client.get("/health/live").status_code, client.get("/metrics").status_code
        (200, 401)
    """

    def __init__(self, app: ASGIApp, service: PredictionService) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if "caller" not in state and not is_public(path):
                try:
                    state["caller"] = authenticate(self._service, _header(scope, _API_KEY))
                except Problem as problem:
                    await send_problem(problem, scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _limit_body(receive: Receive, limit: int) -> Receive:
    """Counts a body that comes in chunks, whose length is not declared."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large(limit)
        return message

    return receive_limited


def _header(scope: Scope, name: bytes) -> str:
    """The values of a header, joined as WSGI servers do it."""
    headers: list[Any] = scope["headers"]
    return ", ".join(value.decode("latin-1") for header, value in headers if header == name)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
