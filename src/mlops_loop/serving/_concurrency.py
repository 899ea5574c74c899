"""How many requests may be in flight at once."""

from threading import Lock

from prometheus_client import Gauge

from ._problem import unavailable


class ConcurrencyLimiter:
    """Admits at most `limit` requests at a time; `with limiter:` holds one place.

    Args:
        limit: number of requests.
        gauge: metric that follows how many are in flight.

    Raises:
        Problem: 503 on entry if all places are taken.
    """

    def __init__(self, limit: int, gauge: Gauge) -> None:
        self._limit = limit
        self._gauge = gauge
        self._lock = Lock()
        self._in_flight = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._in_flight >= self._limit:
                raise unavailable(f"too many concurrent requests (limit {self._limit})")
            self._in_flight += 1
        self._gauge.inc()

    def __exit__(self, *_: object) -> None:
        self._gauge.dec()
        with self._lock:
            self._in_flight -= 1
