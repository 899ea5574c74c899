"""SageMaker's routes around an ASGI application."""

from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...serving._headers import REQUEST_ID_HEADER
from ...serving._request_lifecycle import too_large
from ...serving._response import JSON, SHORT_BODY
from .application import CALLER, Gateway
from .invocation import (
    ATTRIBUTES_HEADER,
    INVOCATIONS,
    PARAMETERS,
    PING,
    PREDICT,
    READY,
    Invocation,
)

Headers = Iterable[tuple[bytes, bytes]]

# The translated body has another length, type and name, and is not compressed.
_REPLACED = {b"content-length", b"content-type", b"transfer-encoding", b"accept-encoding"}


class SageMakerAsgi:
    """Forwards `/ping` to `/health/ready`, and `/invocations` to `/predict`.

    What the application puts around `/predict` applies: middleware, dependencies, exception
    handlers, limits. Other requests pass unchanged.
    """

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if path == PING:
            await self._app(_moved(scope, READY), receive, send)
        elif path == INVOCATIONS:
            await self._invoke(scope, receive, send)
        elif path == PARAMETERS:
            await Response(self._gateway.parameters, media_type=JSON)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _invoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.lower(), value) for name, value in scope["headers"]]
        invocation = self._gateway.invocation(
            {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        )
        forwarded = [header for header in headers if header[0] not in _REPLACED]
        # Chunked, so that the limit applies to the translated body too, whose length is not known.
        forwarded += [(b"content-type", JSON.encode()), (b"transfer-encoding", b"chunked")]
        forwarded += [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in invocation.headers.items()
        ]
        state = {**scope.get("state", {}), "caller": CALLER}
        moved = {**_moved(scope, PREDICT), "headers": forwarded, "state": state}
        reading = _Rows(invocation, receive, self._gateway.max_body_bytes)
        await self._app(moved, reading, _Translated(invocation, send))


class _Rows:
    """Receives the body as the application reads it, whose handlers answer what is wrong."""

    def __init__(self, invocation: Invocation, receive: Receive, limit: int) -> None:
        self._invocation = invocation
        self._receive = receive
        self._limit = limit
        self._complete = False

    async def __call__(self) -> Message:
        body = bytearray()
        while not self._complete:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            if len(body) > self._limit:
                raise too_large(self._limit)
            if not message.get("more_body", False):
                self._complete = True
                return {"type": "http.request", "body": await self._to_rows(bytes(body))}
        return await self._receive()

    async def _to_rows(self, body: bytes) -> bytes:
        if len(body) <= SHORT_BODY:
            return self._invocation.to_rows(body)
        return await run_in_threadpool(self._invocation.to_rows, body)


class _Translated:
    """Sends predictions in the format that the caller accepts, and errors as they are."""

    def __init__(self, invocation: Invocation, send: Send) -> None:
        self._invocation = invocation
        self._send = send
        self._start: Message = {}
        self._content = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._content += message.get("body", b"")
        if message.get("more_body", False):
            return
        content, headers = bytes(self._content), list(self._start["headers"])
        if self._start["status"] == 200:
            translate = self._invocation.to_response
            content, media_type = await run_in_threadpool(translate, content)
            headers = [header for header in headers if header[0].lower() not in _REPLACED]
            headers += [
                (b"content-type", media_type.encode()),
                (b"content-length", str(len(content)).encode()),
            ]
        await self._send({**self._start, "headers": [*headers, *_attributes(headers)]})
        await self._send({"type": "http.response.body", "body": content})


def _moved(scope: Scope, path: str) -> Scope:
    return {**scope, "path": path, "raw_path": path.encode()}


def _attributes(headers: Headers) -> Headers:
    """The request id, in the one header that SageMaker hands back to the caller."""
    name = REQUEST_ID_HEADER.lower().encode()
    return [
        (ATTRIBUTES_HEADER.lower().encode(), REQUEST_ID_HEADER.encode() + b"=" + value)
        for header, value in headers
        if header.lower() == name
    ]
