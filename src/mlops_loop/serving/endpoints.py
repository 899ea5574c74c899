"""The endpoints of the service by path, whichever web framework carries them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from ..monitoring_status import MonitoringStatus
from . import metrics, status
from .openapi_schemas import Document
from .pages import page
from .response import Response
from .service import Asked, PredictionService

# Answers to bodies beyond this size take long enough for others to notice.
_SHORT = 16_384


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path and method.

    Attributes:
        answer: takes the body and the entity key; raises Problem or StoreError.
        may_block: whether a body of so many bytes keeps a thread busy or waiting: an event loop
            hands such requests to a thread.
        together: the same as `answer` for several requests at once, where that costs less than
            one after another; errors come back instead of being raised.
        public: whether no key is needed.
    """

    method: Literal["GET", "POST"]
    answer: Callable[[bytes, str | None], Response]
    may_block: Callable[[int], bool]
    together: Callable[[Sequence[Asked]], list[Response | Exception]] | None = None
    public: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)


def endpoints(
    service: PredictionService,
    document: Callable[[], Document],
    verdict: Callable[[], MonitoringStatus | None],
) -> Mapping[str, Endpoint]:
    """All endpoints by path.

    Args:
        service: answers.
        document: gives the OpenAPI document of the moment.
        verdict: gives the last verdict of monitoring.
    """
    return {
        "/predict": Endpoint("POST", service.predict, _is_long, service.predict_together),
        "/labels": Endpoint("POST", lambda body, _: service.label(body), _always),
        "/model": _get(lambda: _json(status.model(service, verdict()))),
        "/health/live": _public(lambda: _json({"status": "live"})),
        # Only a log that failed is waited for. Else no thread: a probe should not queue behind
        # large bodies, and the first thread takes longer to come than all else in this answer.
        "/health/ready": _public(
            lambda: _json(status.ready(service)), lambda: service.store_in_doubt
        ),
        "/metrics": _get(
            lambda: Response(status.exposition(service, verdict()), 200, metrics.MEDIA_TYPE)
        ),
        "/openapi.json": _get(lambda: _json(document())),
        # Pages hold no data: they ask for the key, and send it with what they ask the others.
        "/docs": _public(lambda: page("docs.html")),
        "/": _public(lambda: page("overview.html")),
    }


def _get(answer: Callable[[], Response]) -> Endpoint:
    return Endpoint("GET", lambda _, __: answer(), lambda _: False)


def _public(answer: Callable[[], Response], may_block: Callable[[], bool] = bool) -> Endpoint:
    return Endpoint("GET", lambda _, __: answer(), lambda _: may_block(), public=True)


def _json(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content))


def _is_long(size: int) -> bool:
    return size > _SHORT


def _always(size: int) -> bool:
    return True
