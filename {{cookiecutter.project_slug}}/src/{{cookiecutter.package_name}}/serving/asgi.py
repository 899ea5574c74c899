"""What every request passes before and after its endpoint: id, key, problems, metrics, log line."""

import re
from time import perf_counter
from typing import Any, NoReturn

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..clock import SystemClock
from ..errors import StoreError
from ..logs import REQUEST_ID
from .identifiers import new_id
from .keys import ApiKeys
from .openapi import KEY_HEADER
from .problem import MEDIA_TYPE, Problem
from .service import PredictionService

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

PATHS = frozenset(
    {
        *("/predict", "/labels", "/model", "/metrics", "/openapi.json", "/docs"),
        *("/health/live", "/health/ready"),
    }
)

_ID = re.compile(rb"[\w.:-]{1,128}")
_API_KEY = KEY_HEADER.lower().encode()
_CLOCK = SystemClock()


class Reception:
    """ASGI middleware around the whole application.

    It answers 401 without a valid key, turns exceptions into problem details, gives every
    request an id, counts it, and writes one log line that holds no personal data.
    """

    def __init__(self, app: ASGIApp, *, service: PredictionService, keys: ApiKeys) -> None:
        self._app = app
        self._service = service
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id", b""))
        REQUEST_ID.set(request_id)
        # What endpoints add to the log line.
        scope["note"] = {}
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            self._admit(scope["path"], headers)
            await self._app(scope, receive, answer)
        except Exception as error:
            if status:
                # The answer is on its way; all that is left is to break it off.
                raise
            await send_problem(answer, self._problem(error), request_id)
        self._note(scope, status, started)

    def _admit(self, path: str, headers: dict[bytes, bytes]) -> None:
        if path.startswith("/health/") or self._keys.admit(headers.get(_API_KEY, b"")):
            return
        wanted = {"WWW-Authenticate": f'ApiKey header="{KEY_HEADER}"'}
        raise Problem(401, f"send a valid key in the header {KEY_HEADER}", headers=wanted)

    def _problem(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, StoreError):
            logger.error("the prediction log refused", reason=str(error))
            return self._service.store_failed(error)
        logger.error("request failed", exc_info=error)
        return Problem(500, "the service failed; its log has the reason under this request_id")

    def _note(self, scope: Scope, status: int, started: float) -> None:
        path = scope["path"] if scope["path"] in PATHS else "other"
        self._service.metrics.count_request(path, status)
        quiet = path == "/metrics" or path.startswith("/health/")
        (logger.debug if quiet and status < 400 else logger.info)(
            "request",
            method=scope["method"],
            path=path,
            status=status,
            ms=round((perf_counter() - started) * 1e3, 2),
            **scope["note"],
        )


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body.

    Raises:
        Problem: 413 as soon as it is known to be longer than `limit` bytes.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            _too_large(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            _too_large(limit)
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            _too_large(limit)
    if message["type"] == "http.disconnect":
        raise Problem(400, "the connection closed before the whole body was here")
    return b"".join(parts)


async def send_json(send: Send, content: bytes) -> None:
    """An answer of status 200."""
    await _send(send, 200, b"application/json", content, ())


async def send_problem(send: Send, problem: Problem, request_id: str) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in problem.headers.items()
    ]
    content = problem.encode(request_id)
    await _send(send, problem.status, MEDIA_TYPE.encode(), content, headers)


async def _send(send: Send, status: int, media: bytes, content: bytes, headers: Any) -> None:
    length = str(len(content)).encode()
    start = [(b"content-type", media), (b"content-length", length), *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": content})


def _too_large(limit: int) -> NoReturn:
    raise Problem(413, f"the body is longer than {limit} bytes: send fewer rows at a time")


def _request_id(given: bytes) -> str:
    return given.decode() if _ID.fullmatch(given) else new_id(_CLOCK.now())
