"""ASGI middleware for requests that come from the pages of other sites."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import _origins as origins
from .._problem import Problem
from .._service import PredictionService
from ._errors import send_problem


class AllowedOriginMiddleware:
    """Rejects requests for other hosts and from the pages of other sites.

    `serving.allowed_hosts` lists the hosts by which the service may be called; by default, and as
    long as there are no API keys, these are `localhost` and IP addresses. A problem document with
    status 400 answers others, which protects from DNS rebinding. Requests that a page of another
    origin makes are answered by one with status 403, unless `serving.allowed_origins` lists it;
    for these, Starlette's `CORSMiddleware` lets pages read the responses.

    Args:
        app: the application inside of it, which `add_middleware` passes.
        service: its settings list hosts and origins.

    Examples:
        >>> from fastapi import FastAPI
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI()
        >>> app.add_middleware(AllowedOriginMiddleware, service=service)
        >>> @app.post("/refresh")
        ... async def refresh() -> None: ...
        >>> client = TestClient(app)
        >>> client.post("/refresh", headers={"Origin": "http://other.example"}).status_code
        403
    """

    def __init__(self, app: ASGIApp, service: PredictionService) -> None:
        self._service = service
        allowed = service.project.settings.serving.allowed_origins
        self._app = _with_sharing(app, allowed) if allowed else app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
            try:
                origins.require_allowed_origin(
                    self._service,
                    scope["method"],
                    scope["path"].removeprefix(scope.get("root_path", "")),
                    host=headers.get(b"host", b"").decode("latin-1"),
                    site=None if site is None else site.decode("latin-1"),
                    origin=None if origin is None else origin.decode("latin-1"),
                )
            except Problem as problem:
                await send_problem(problem, scope, receive, send)
                return
        await self._app(scope, receive, send)


def _with_sharing(app: ASGIApp, allowed: tuple[str, ...]) -> ASGIApp:
    return CORSMiddleware(
        app,
        allow_origins=allowed,
        allow_methods=origins.SHARED_METHODS,
        allow_headers=origins.SHARED_REQUEST_HEADERS,
        expose_headers=origins.SHARED_RESPONSE_HEADERS,
        max_age=origins.PREFLIGHT_SECONDS,
    )
