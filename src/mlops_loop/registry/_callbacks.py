"""Functions of the project that are called after a promotion or a rollback."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._audit_log import AuditEvent


@dataclass(frozen=True)
class ChampionChange:
    """A promotion or a rollback, passed to the callbacks of `Project`.

    Attributes:
        version: the new champion.
        previous: the previous champion, also if it has other features; None for the first one.
        time: time of the change, with a time zone.
        actor: the user, or `loop`.
        reason: reason of the change.

    Examples:
        >>> def announce(change: ChampionChange) -> None:
        ...     print(f"version {change.version} replaces {change.previous}: {change.reason}")
        >>> announce(ChampionChange("3", "2", until, "loop", "better on 1,200 labelled rows"))
        version 3 replaces 2: better on 1,200 labelled rows
    """

    version: str
    previous: str | None
    time: datetime
    actor: str
    reason: str


Callback = Callable[[ChampionChange], None]


def run_callbacks(callbacks: Sequence[Callback], entry: AuditEvent) -> None:
    """Call all callbacks; an exception is logged and changes nothing."""
    if not callbacks:
        return
    details: Any = entry.details
    change = ChampionChange(
        str(details["version"]), details["previous"], entry.time, entry.actor, entry.reason
    )
    for callback in callbacks:
        try:
            callback(change)
        except Exception:
            import structlog

            name = getattr(callback, "__name__", type(callback).__name__)
            structlog.get_logger(__name__).exception("callback failed", callback=name)
