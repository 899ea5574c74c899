"""Labels that wait for their prediction: how many there may be, and for how long."""

# Far more than come before their predictions in an outage; a few dozen megabytes.
CAPACITY = 100_000
DAYS = 30
"""After that many days, measured by the arrival of newer labels, one that still waits expires."""

_DAY_MICROSECONDS = 86_400_000_000


def expiry(now: int) -> int:
    """The time, in microseconds, before which labels that arrived have expired."""
    return now - DAYS * _DAY_MICROSECONDS
