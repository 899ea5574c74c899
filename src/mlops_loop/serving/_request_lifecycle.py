"""Framework-independent request lifecycle: id, authorization, errors, metrics, access log."""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from itertools import count
from time import perf_counter

import structlog
from msgspec import Struct

from .._logs import REQUEST_ID
from ..errors import StoreError
from ._problem import Problem
from ._response import JSON, ServiceResponse
from ._service import PredictionService

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

# Metric label of requests that no route of the application handles.
UNROUTED = "other"

_JSON = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.ASCII | re.IGNORECASE)
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class RequestContext(Struct):
    """A request in flight, and what is reported about it at its end.

    Attributes:
        route: path template of the route that handled it.
        status: HTTP status; 500 until a response has been sent.
        error: class name of the exception that ended it.
        caller: name of who sent it; empty if that is not known.
    """

    method: str
    request_id: str
    started: float
    route: str = UNROUTED
    status: int = 500
    variant: str | None = None
    log_fields: Mapping[str, object] = {}
    error: str | None = None
    caller: str = ""

    def describe(self, response: ServiceResponse) -> None:
        """Copy the variant and the log fields of a response."""
        self.variant = response.variant
        self.log_fields = response.log_fields


class RequestLifecycle:
    """Begins and finishes every request, in either framework: id, metrics, access log.

    Header values are text decoded as Latin-1.
    """

    def __init__(self, service: PredictionService) -> None:
        self._service = service
        # Generated ids start with a part that differs from process to process.
        self._prefix = os.urandom(8).hex()
        self._numbers = count(1)

    def begin(self, method: str, request_id: str | None) -> RequestContext:
        """Start a request, under the id that it brings if that is valid."""
        if not request_id or not _ID.fullmatch(request_id):
            request_id = f"{self._prefix}-{next(self._numbers):08x}"
        REQUEST_ID.set(request_id)
        return RequestContext(method, request_id, perf_counter())

    def finish(self, context: RequestContext) -> None:
        """Update metrics and write the access log line of a request."""
        seconds = perf_counter() - context.started
        metrics = self._service.metrics
        if context.variant is not None:
            metrics.observe(context.variant, seconds)
        metrics.count_request(context.route, context.status)
        fields = dict(context.log_fields)
        if context.caller:
            fields["caller"] = context.caller
        if context.error is not None:
            fields["error"] = context.error
        quiet = context.route == "/metrics" or context.route.startswith("/health/")
        (logger.debug if quiet and context.status < 400 else logger.info)(
            "request",
            method=context.method,
            path=context.route,
            status=context.status,
            ms=round(seconds * 1e3, 2),
            **fields,
            request_id=context.request_id,
        )


def require_json(media_type: str | None, encoding: str | None) -> None:
    """Raises Problem 415 for a body that is not declared as plain JSON.

    A page of another site can send any other media type without the permission of the service.

    Args:
        media_type: the header Content-Type, if there is one.
        encoding: the header Content-Encoding, if there is one.
    """
    if not media_type:
        raise Problem(415, f"send JSON with the header Content-Type: {JSON}")
    if media_type != JSON and not _JSON.fullmatch(media_type):
        raise Problem(415, f"send JSON as {JSON}, not as {media_type[:100]}")
    if encoding and encoding.strip().lower() != "identity":
        raise Problem(
            415,
            f"send the body without Content-Encoding, not as {encoding[:100]}",
            headers={"Accept-Encoding": "identity"},
        )


def without_bom(body: bytes) -> bytes:
    """A body without the byte order mark that some clients write first (RFC 8259, section 8.1)."""
    return body.removeprefix(BOM_UTF8)


def too_large(limit: int) -> Problem:
    """413 for a body beyond `serving.max_body_bytes`."""
    return Problem(413, f"body too large (limit {limit} bytes): send fewer rows at a time")


def to_problem(service: PredictionService, error: Exception) -> Problem:
    """The problem document for an exception of the library, or for an internal error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, StoreError):
        logger.error("the prediction log failed", reason=str(error))
        return service.store_health.failed()
    return Problem(500, "internal error; the service's log has it under this request_id")
