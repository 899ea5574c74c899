"""Requests that do not come to an end: whoever sends them holds a connection and nothing else."""

import time
from collections.abc import Mapping
from typing import Generic, TypeVar

Connection = TypeVar("Connection")


class SlowClients(Generic[Connection]):
    """Remembers since when each connection has been waited for to send the rest of a request.

    Args:
        patience: seconds that one request may take to arrive.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[Connection, tuple[object, float]] = {}

    def late(self, awaited: Mapping[Connection, object]) -> list[Connection]:
        """The connections that have been waited for too long; to be asked again and again.

        Args:
            awaited: those that are waited for now, each with something that stays the same
                object for as long as it is the same request.
        """
        now = time.monotonic()
        known = self._since
        self._since = {
            one: known[one] if one in known and known[one][0] is request else (request, now)
            for one, request in awaited.items()
        }
        return [one for one, (_, since) in self._since.items() if now - since > self._patience]
