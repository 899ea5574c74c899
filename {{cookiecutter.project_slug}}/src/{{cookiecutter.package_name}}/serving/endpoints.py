"""The endpoints of the service by path, whichever web framework carries them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import msgspec

from . import metrics, status
from .openapi_schemas import Document
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
    """

    method: Literal["GET", "POST"]
    answer: Callable[[bytes, str | None], Response]
    may_block: Callable[[int], bool]
    together: Callable[[Sequence[Asked]], list[Response | Exception]] | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)


def endpoints(
    service: PredictionService, document: Callable[[], Document]
) -> Mapping[str, Endpoint]:
    """All endpoints; `document` gives the OpenAPI document of the moment."""
    page = files(__package__).joinpath("docs.html").read_bytes()
    return {
        "/predict": Endpoint("POST", service.predict, _is_long, service.predict_together),
        "/labels": Endpoint("POST", lambda body, _: service.label(body), _always),
        "/model": _get(lambda: _json(status.model(service))),
        "/health/live": _get(lambda: _json({"status": "live"})),
        # Only a log that failed is waited for. Else no thread: a probe should not queue behind
        # large bodies, and the first thread takes longer to come than all else in this answer.
        "/health/ready": _get(lambda: _json(status.ready(service)), lambda: service.store_in_doubt),
        "/metrics": _get(lambda: Response(status.exposition(service), 200, metrics.MEDIA_TYPE)),
        "/openapi.json": _get(lambda: _json(document())),
        "/docs": _get(lambda: Response(page, 200, "text/html; charset=utf-8")),
    }


def _get(answer: Callable[[], Response], may_block: Callable[[], bool] = bool) -> Endpoint:
    return Endpoint("GET", lambda _, __: answer(), lambda _: may_block())


def _json(content: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(content))


def _is_long(size: int) -> bool:
    return size > _SHORT


def _always(size: int) -> bool:
    return True
