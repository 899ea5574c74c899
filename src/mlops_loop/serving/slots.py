"""How many requests may be at work at once."""

from threading import Lock

from prometheus_client import Gauge

from .problem import unavailable


class Slots:
    """So many places; `with slots:` takes one.

    Args:
        number: of places.
        taken: is told how many are taken.

    Raises:
        Problem: 503 if all are taken.
    """

    def __init__(self, number: int, taken: Gauge) -> None:
        self._number = number
        self._gauge = taken
        self._lock = Lock()
        self._taken = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._taken >= self._number:
                raise unavailable(f"{self._taken} requests are at work, which is the limit")
            self._taken += 1
        self._gauge.inc()

    def __exit__(self, *_: object) -> None:
        self._gauge.dec()
        with self._lock:
            self._taken -= 1
