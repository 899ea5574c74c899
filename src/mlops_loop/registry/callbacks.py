"""Functions of the project that are called after a promotion or a rollback."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..audit_log import AuditEvent


@dataclass(frozen=True)
class ChampionChange:
    """A promotion or a rollback: another version is the champion now.

    Attributes:
        version: the champion.
        previous: the champion before; None for the first one.
        time: when it happened.
        actor: who did it: a user, or `loop`.
        reason: why.
    """

    version: str
    previous: str | None
    time: datetime
    actor: str
    reason: str


Callback = Callable[[ChampionChange], None]


def run_callbacks(callbacks: Sequence[Callback], entry: AuditEvent) -> None:
    """Call all callbacks; an exception is logged, and neither undoes the change nor ends it."""
    if not callbacks:
        return
    details: Any = entry.details
    previous = details["before"]["champion"]
    change = ChampionChange(
        str(details["version"]), previous, entry.time, entry.actor, entry.reason
    )
    for callback in callbacks:
        try:
            callback(change)
        except Exception:
            import structlog

            name = getattr(callback, "__name__", type(callback).__name__)
            structlog.get_logger(__name__).exception("callback failed", callback=name)
