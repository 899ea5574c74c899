"""Google Cloud Functions: the function that answers HTTP requests with the project's application.

Examples: `main.py`, whose target is `handle`.
    >>> def load_app():
    ...     return app  # after `from my_ml_project.app import app`
    ...
    >>> handle = http_function(load_app)
"""

import asyncio
import signal
from collections.abc import Callable
from io import BytesIO
from types import FrameType
from typing import TYPE_CHECKING, Any

import structlog

from .._logs import configure_if_unset
from ..errors import ProjectError
from ..serving._asgi import is_asgi
from ..serving._problem import MEDIA_TYPE, Problem, unavailable
from ..serving._service import PredictionService
from ._application import send_problem, service_of
from ._lifespan import AsgiApplication, Lifespan, Receive, Scope, Send

if TYPE_CHECKING:
    import flask

__all__ = ["http_function"]

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

# What the framework's own router leaves in a scope.
_ROUTING = {"app", "endpoint", "path_params", "route", "router", "state"}
_POLL_SECONDS = 0.05


def http_function(load_app: Callable[[], Any]) -> Callable[..., Any]:
    """The function that Functions Framework calls, for a FastAPI or Flask application.

    Assign it to the name `handle`, and name that as the target. A FastAPI application runs on
    uvicorn, a Flask application in threads, as many as the environment variable `THREADS` says.

    Loads the application at once, so that a revision whose application cannot be loaded is not put
    into service. The service starts with the first request, since Functions Framework forks the
    process that answers; while it cannot start, requests get status 503 and the log says why. It is
    closed when the platform ends the instance.

    Between requests an instance has no processor: the published pointer is read again when a
    request arrives, at most once per `serving.watch_interval`.

    Args:
        load_app: imports the application and returns it.

    Raises:
        SystemExit: if the application cannot be loaded; the log says why.

    Examples:
        >>> handle = http_function(lambda: app)
        >>> handle.__name__
        'handle'
    """
    configure_if_unset()
    try:
        app = load_app()
        service = service_of(app)
    except ProjectError as error:
        logger.error("the application cannot be loaded", reason=str(error))
        raise SystemExit(1) from error
    service.watches = False
    if is_asgi(app):
        from functions_framework import aio

        return aio.http(_AsgiFunction(app, service).handle)
    import functions_framework

    return functions_framework.http(_WsgiFunction(app, service).handle)


class _WsgiFunction:
    """Answers with a Flask application, which closes its service at the end of the process."""

    def __init__(self, app: Any, service: PredictionService) -> None:
        self._app = app
        self._service = service

    def handle(self, request: "flask.Request") -> Any:
        import flask

        try:
            self._service.start()
        except ProjectError as error:
            problem = _cannot_start(error)
            content = problem.encode(request_id="")
            return flask.Response(content, problem.status, problem.headers, content_type=MEDIA_TYPE)
        self._service.refresh()
        # Read to its end: a connection is kept open, also after a response that needs no body.
        environ = {**request.environ, "wsgi.input": BytesIO(request.get_data())}
        return flask.Response.from_app(self._app, environ)


class _AsgiFunction:
    """Answers with a FastAPI application, and runs its lifespan in the process that answers."""

    def __init__(self, app: AsgiApplication, service: PredictionService) -> None:
        self._app = app
        self._service = service
        self._lifespan: Lifespan | None = None
        self._starting = asyncio.Lock()
        self._in_flight = 0

    async def handle(self, request: Any) -> Any:
        """What answers the request: the framework calls it as it calls a response."""
        try:
            await self._start()
        except ProjectError as error:
            return _respond_with(_cannot_start(error))
        await asyncio.to_thread(self._service.refresh)  # asks the store, once in a while
        return self._forward

    async def _start(self) -> None:
        async with self._starting:
            if self._lifespan is None:
                lifespan = Lifespan(self._app)
                await lifespan.start()
                self._lifespan = lifespan
                self._close_at_sigterm(lifespan)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._lifespan is not None
        inner = {name: value for name, value in scope.items() if name not in _ROUTING}
        inner["state"] = dict(self._lifespan.state)
        self._in_flight += 1
        try:
            await self._app(inner, receive, send)
        except Exception:
            # The application has answered: the framework would answer once more.
            logger.exception("internal error")
        finally:
            self._in_flight -= 1

    def _close_at_sigterm(self, lifespan: Lifespan) -> None:
        """Shut the application down first: uvicorn ends the process by raising the signal again."""
        loop = asyncio.get_running_loop()
        previous: Any = signal.getsignal(signal.SIGTERM)

        async def close(number: int) -> None:
            while self._in_flight:
                await asyncio.sleep(_POLL_SECONDS)
            await lifespan.stop()
            previous(number, None)

        def terminate(number: int, frame: FrameType | None) -> None:
            asyncio.run_coroutine_threadsafe(close(number), loop)

        signal.signal(signal.SIGTERM, terminate)


def _cannot_start(error: ProjectError) -> Problem:
    logger.error("the service cannot start", reason=str(error))
    return unavailable("the prediction service cannot start: its log says why")


def _respond_with(problem: Problem) -> AsgiApplication:
    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        await send_problem(problem, send)

    return respond
