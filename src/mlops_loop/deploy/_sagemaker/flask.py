"""SageMaker's routes around a Flask application."""

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from ...serving._headers import REQUEST_ID_HEADER
from ...serving._request_lifecycle import too_large
from ...serving._response import JSON
from ...serving.flask._lifecycle import CALLER as CALLER_KEY
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

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The translated body has another length, type and name, and is not compressed.
_REPLACED = ("CONTENT_LENGTH", "HTTP_ACCEPT_ENCODING")


class SageMakerWsgi:
    """Forwards `/ping` to `/health/ready`, and `/invocations` to `/predict`.

    What the application puts around `/predict` applies: hooks, error handlers, limits. Other
    requests pass unchanged.
    """

    def __init__(self, app: "WSGIApplication", gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = Request(environ).path
        if path == PING:
            return self._app({**environ, "PATH_INFO": READY}, start_response)
        if path == INVOCATIONS:
            return self._invoke(environ)(environ, start_response)
        if path == PARAMETERS:
            return Response(self._gateway.parameters, content_type=JSON)(environ, start_response)
        return self._app(environ, start_response)

    def _invoke(self, environ: "WSGIEnvironment") -> Response:
        request = Request(environ)
        headers = {name.lower(): value for name, value in request.headers}
        invocation = self._gateway.invocation(headers)
        body = _Rows(invocation.to_rows, request, self._gateway.max_body_bytes)
        forwarded: dict[str, Any] = {
            **{name: value for name, value in environ.items() if name not in _REPLACED},
            "PATH_INFO": PREDICT,
            "CONTENT_TYPE": JSON,
            # The length of the translated body is not known before the application reads it.
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": io.BufferedReader(body),
            "wsgi.input_terminated": True,
            CALLER_KEY: CALLER,
        }
        for name, value in invocation.headers.items():
            forwarded[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return _translated(invocation, Response.from_app(self._app, forwarded, buffered=True))


class _Rows(io.RawIOBase):
    """The body, translated when the application reads it, whose handlers answer what is wrong."""

    def __init__(self, to_rows: Callable[[bytes], bytes], request: Request, limit: int) -> None:
        self._to_rows = to_rows
        self._request = request
        self._limit = limit
        self._rows: io.BytesIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._rows is None:
            self._rows = io.BytesIO(self._to_rows(self._read()))
        return self._rows.readinto(buffer)

    def _read(self) -> bytes:
        if (self._request.content_length or 0) > self._limit:
            raise too_large(self._limit)
        # Without a length the server ends the input, and limits it.
        body = self._request.stream.read()
        if len(body) > self._limit:
            raise too_large(self._limit)
        return body


def _translated(invocation: Invocation, response: Response) -> Response:
    """Predictions in the format that the caller accepts, and errors as they are."""
    if response.status_code == 200:
        content, media_type = invocation.to_response(response.get_data())
        response.set_data(content)
        response.content_type = media_type
    if request_id := response.headers.get(REQUEST_ID_HEADER):
        # The one header that SageMaker hands back to the caller.
        response.headers[ATTRIBUTES_HEADER] = f"{REQUEST_ID_HEADER}={request_id}"
    return response
