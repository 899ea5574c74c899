"""What goes back to the caller, whichever web framework carries it."""

from collections.abc import Mapping
from concurrent.futures import Future

from msgspec import Struct

JSON = "application/json"


class Response(Struct, frozen=True):
    """An answer that may leave once `recorded` is done.

    Attributes:
        content: the body.
        recorded: done when all that the answer rests on is durable, None if nothing has to be;
            may fail with StoreError.
        variant: of a prediction: `champion`, `challenger`, or `mixed` for a list that was split.
        note: what the log line says of it; no personal data.
    """

    content: bytes
    status: int = 200
    media_type: str = JSON
    headers: Mapping[str, str] = {}
    recorded: Future[None] | None = None
    variant: str | None = None
    note: Mapping[str, object] = {}
