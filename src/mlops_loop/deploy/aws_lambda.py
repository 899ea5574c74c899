"""AWS Lambda: the handler of a function that API Gateway (HTTP API) or a function URL invokes.

Examples:
    >>> handler = lambda_handler(lambda: app)
    >>> class Context:
    ...     aws_request_id = "8f5b"
    ...     def get_remaining_time_in_millis(self):
    ...         return 30_000
    ...
    >>> event = {
    ...     "version": "2.0",
    ...     "headers": {"host": "models.example.com"},
    ...     "requestContext": {
    ...         "http": {"method": "GET", "path": "/health/live", "sourceIp": "192.0.2.1"}
    ...     },
    ... }
    >>> response = handler(event, Context())
    >>> response["statusCode"], response["body"]
    (200, '{"status":"live"}')
"""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import structlog
from mangum import Mangum

from ..errors import InputError
from ..serving._headers import REQUEST_ID_HEADER
from ..serving._problem import Problem
from ._application import as_asgi, send_problem, service_of
from ._aws_secrets import read_references
from ._lifespan import AsgiApplication, Lifespan, Message, Receive, Scope, Send

__all__ = ["lambda_handler"]

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

# Before the function's timeout, at most a third of it: Lambda ends the process that exceeds it.
_MARGIN_SECONDS = 0.5
# Parts of the media types that travel as text; all others do in base64.
_TEXT = ["text/", "json", "javascript", "xml"]
_REQUEST_ID = REQUEST_ID_HEADER.lower()

Event = dict[str, Any]
LambdaHandler = Callable[[Event, Any], dict[str, Any]]


def lambda_handler(load_app: Callable[[], Any]) -> LambdaHandler:
    """The handler of a Lambda function that answers with a FastAPI or Flask application.

    Loads the application and starts its service at once, so that this happens while Lambda
    initializes an environment, or provisions one, and not in the first request. Events are those
    of payload format 2.0, from an HTTP API of API Gateway or a function URL.

    Settings may be references: where the value of a variable such as `SHOP__SERVING__API_KEYS` is
    the ARN of a secret of Secrets Manager, or of a parameter of the Parameter Store, the setting is
    what is stored there.

    An environment is frozen between requests: the published pointer is read again when a request
    arrives, at most once per `serving.watch_interval`. A request that has not been answered shortly
    before the function's timeout gets status 504, and the environment goes on.

    Args:
        load_app: imports the application and returns it.

    Raises:
        ServiceError: if a referenced secret cannot be read, or the application has no service.
        ProjectError: whatever the application raises when it starts. Lambda logs it, answers with
            an error, and tries again with the next request.

    Examples:
        >>> def load_app():  # in handler.py; the function runs `awslambdaric handler.handler`
        ...     return app  # after `from my_ml_project.app import app`
        ...
        >>> handler = lambda_handler(load_app)
    """
    began = time.perf_counter()
    read_references(os.environ)
    app = load_app()
    loaded = time.perf_counter()
    handler = _Handler(app)
    logger.info(
        "function ready",
        load_seconds=round(loaded - began, 3),
        start_seconds=round(time.perf_counter() - loaded, 3),
        versions=handler.service.versions,
    )
    return handler


class _Handler:
    """One application, started, in one environment of a function."""

    def __init__(self, app: Any) -> None:
        self.service = service_of(app)
        self.service.watches = False  # threads sleep while the environment is frozen
        asgi = as_asgi(app)
        lifespan = Lifespan(asgi)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(lifespan.start())
        self.service.start()  # a Flask application would start with the first request
        responding = _Deadline(asgi, lifespan.state)
        self._respond = Mangum(responding, lifespan="off", text_mime_types=_TEXT)

    def __call__(self, event: Event, context: Any) -> dict[str, Any]:
        if "http" not in event.get("requestContext", {}):
            raise InputError(
                "expected an HTTP request in payload format 2.0, from an HTTP API of API Gateway or"
                f" a function URL, but the event has {', '.join(sorted(event)) or 'nothing'}"
            )
        self.service.refresh()
        event["headers"].setdefault(_REQUEST_ID, context.aws_request_id)
        return self._respond(event, context)


class _Deadline:
    """Answers 504 where the application has not responded shortly before the function's timeout."""

    def __init__(self, app: AsgiApplication, state: dict[str, Any]) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        responded = False

        async def watched(message: Message) -> None:
            nonlocal responded
            responded = True
            await send(message)

        scope["state"] = dict(self._state)
        left = scope["aws.context"].get_remaining_time_in_millis() / 1000
        try:
            async with asyncio.timeout(left - min(_MARGIN_SECONDS, left / 3)) as limit:
                await self._app(scope, receive, watched)
        except TimeoutError:
            if responded or not limit.expired():
                raise
            await _send_timeout(scope, send)


async def _send_timeout(scope: Scope, send: Send) -> None:
    request_id = dict(scope["headers"])[_REQUEST_ID.encode()].decode()
    logger.error("no response within the function's timeout", request_id=request_id)
    problem = Problem(
        504, "no response within the function's timeout: send fewer rows, or raise it"
    )
    await send_problem(problem, send, request_id=request_id)
