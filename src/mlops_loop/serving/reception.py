"""What every request passes before and after its endpoint: id, key, problems, metrics, log line."""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from time import perf_counter

import structlog
from msgspec import Struct

from ..errors import StoreError
from ..logs import REQUEST_ID
from ..monitoring_status import MonitoringStatus
from . import openapi
from .endpoints import Endpoint, endpoints
from .keys import ApiKeys
from .openapi import KEY_HEADER
from .openapi_schemas import Document
from .problem import MEDIA_TYPE, Problem
from .response import Response
from .service import PredictionService

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

REQUEST_ID_HEADER = "X-Request-ID"

_JSON = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.ASCII | re.IGNORECASE)
_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)


class Visit(Struct, frozen=True):
    """A request that is being answered."""

    method: str
    path: str
    request_id: str
    started: float


class Reception:
    """Where web frameworks bring what came in, and fetch what goes out.

    `arrive`, `admit`, then the endpoint or `failed`, and `leave` in the end. Headers are texts as
    HTTP has them, in Latin-1.

    Args:
        service: answers.
        keys: who may ask.
        max_body_bytes: of one request.
        request_timeout: seconds that one request may take to arrive.
        title: of the OpenAPI document.
        verdict: gives the last verdict of monitoring.

    Attributes:
        others: the OpenAPI document of what a web framework answers beside the endpoints.
    """

    def __init__(
        self,
        service: PredictionService,
        keys: ApiKeys,
        *,
        max_body_bytes: int,
        request_timeout: float,
        title: str,
        verdict: Callable[[], MonitoringStatus | None],
    ) -> None:
        self.service = service
        self.max_body_bytes = max_body_bytes
        self.request_timeout = request_timeout
        self.title = title
        self.endpoints = endpoints(service, self.document, verdict)
        self.others: Callable[[], Document] = dict
        self._keys = keys
        # Of this process; ids of requests are told apart from those of others by it.
        self._origin = os.urandom(8).hex()
        self._numbers = count(1)

    def document(self) -> Document:
        """The OpenAPI document, made from the contract that serves."""
        made = openapi.document(
            self.service.contract,
            title=self.title,
            secured=self._keys.required,
            unknown_fields=self.service.router.unknown_fields,
        )
        return openapi.merged(made, self.others())

    def arrive(self, method: str, path: str, request_id: str | None) -> Visit:
        """Note a request, under the id that it brings if that is one."""
        if not request_id or not _ID.fullmatch(request_id):
            request_id = f"{self._origin}-{next(self._numbers):08x}"
        REQUEST_ID.set(request_id)
        return Visit(method, path, request_id, perf_counter())

    def admit(self, visit: Visit, api_key: str | None) -> Endpoint | None:
        """The endpoint that a request asks for; None if that is for the framework to answer.

        Raises:
            Problem: 401 without a valid key, 405 for the wrong method.
        """
        path = visit.path
        endpoint = self.endpoints.get(path)
        public = endpoint is not None and endpoint.public
        if not public and not self._keys.admit(api_key or ""):
            wanted = {"WWW-Authenticate": f'ApiKey header="{KEY_HEADER}"'}
            raise Problem(401, f"send a valid key in the header {KEY_HEADER}", headers=wanted)
        if endpoint is not None and visit.method not in endpoint.methods:
            allowed = {"Allow": ", ".join(endpoint.methods)}
            raise Problem(405, f"send {endpoint.method} to {path}", headers=allowed)
        return endpoint

    def require_json(self, media_type: str | None) -> None:
        """Raises Problem 415 for a body that says it is something else; one may say nothing."""
        if media_type and media_type != "application/json" and not _JSON.fullmatch(media_type):
            raise Problem(415, f"send JSON as application/json, not as {media_type[:100]}")

    def slot(self, endpoint: Endpoint) -> AbstractContextManager[None]:
        """A place among the requests at work, for those that are work.

        Raises:
            Problem: 503 if all are taken.
        """
        return self.service.slots if endpoint.method == "POST" else nullcontext()

    def too_large(self) -> Problem:
        """The answer to a body longer than `max_body_bytes`."""
        limit = self.max_body_bytes
        return Problem(413, f"the body is longer than {limit} bytes: send fewer rows at a time")

    def failed(self, visit: Visit, error: Exception) -> Response:
        """The answer to a request that ended in an error."""
        problem = self._problem(error)
        content = problem.encode(visit.request_id)
        return Response(content, problem.status, MEDIA_TYPE, problem.headers)

    def leave(self, *left: tuple[Visit, Response]) -> None:
        """Count requests and write their log lines; their answers are on their way."""
        now = perf_counter()
        for visit, response in left:
            self._tell(visit, response, now - visit.started)

    def _tell(self, visit: Visit, response: Response, seconds: float) -> None:
        if response.variant is not None:
            self.service.metrics.observe(response.variant, seconds)
        path = visit.path if visit.path in self.endpoints else "other"
        self.service.metrics.count_request(path, response.status)
        quiet = path == "/metrics" or path.startswith("/health/")
        (logger.debug if quiet and response.status < 400 else logger.info)(
            "request",
            method=visit.method,
            path=path,
            status=response.status,
            ms=round(seconds * 1e3, 2),
            **response.note,
            request_id=visit.request_id,
        )

    def _problem(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        if isinstance(error, StoreError):
            logger.error("the prediction log refused", reason=str(error))
            return self.service.store_failed(error)
        logger.error("request failed", exc_info=error)
        return Problem(500, "the service failed; its log has the reason under this request_id")
