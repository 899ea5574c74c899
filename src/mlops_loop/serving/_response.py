"""The response of the service, independent of the web framework that sends it."""

from collections.abc import Mapping
from concurrent.futures import Future

from msgspec import Struct

JSON = "application/json"
# Longer bodies (in bytes) are predicted alone, as they would hold up the requests of their batch.
SHORT_BODY = 16_384


class ServiceResponse(Struct, frozen=True):
    """A response that may be sent once `recorded` is done.

    Attributes:
        content: the body.
        recorded: done when all records of the response are durable, None if nothing has to
            be; may fail with StoreError.
        variant: for a prediction `champion`, `challenger`, or `mixed` for a list that was split.
        log_fields: fields for the access log, without personal data.
    """

    content: bytes
    recorded: Future[None] | None = None
    variant: str | None = None
    log_fields: Mapping[str, object] = {}
