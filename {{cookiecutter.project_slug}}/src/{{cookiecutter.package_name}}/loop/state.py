"""Where the loop stands, and the store that keeps it between steps."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

Phase = Literal["steady", "retraining", "challenging"]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One position of the state machine.

    Attributes:
        phase: what the loop is doing.
        since: when that began.
        reason: why, as a sentence.
        challenger: version under trial while challenging.
        monitored_until: end of the last window that was monitored.
        retrained: when each retraining began, for the cooldown and the budget.
        paused: whether a person told it to stand still.
    """

    phase: Phase = "steady"
    since: datetime | None = None
    reason: str = "nothing has happened yet"
    challenger: str | None = None
    monitored_until: datetime | None = None
    retrained: tuple[datetime, ...] = ()
    paused: bool = False


class StateStore(Protocol):
    def load(self) -> tuple[State, int]:
        """The state and its revision; a fresh one has revision 0."""
        ...

    def save(self, state: State, revision: int) -> bool:
        """Replace the state if `revision` is still the stored one; False if somebody was faster."""
        ...
