"""The loop's state, the lease to change it, and the store of both."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from .._publication import Rollout

Phase = Literal["steady", "triggered", "retraining", "challenging", "probation"]


def phase_of(published: Rollout) -> Phase:
    """The phase that follows from the published versions if no action is due."""
    if published.challenger is None:
        return "steady"
    return "probation" if published.probation else "challenging"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One position of the state machine.

    Attributes:
        phase: phase of the loop.
        since: start of the phase; while retraining it identifies the attempt.
        reason: reason of the phase, as a sentence.
        due: while triggered, the transition to carry out.
        changed: until the retraining ends, the start of the change that caused it, if known.
        champion: the champion that the loop last saw.
        challenger: the challenger in a trial; during a probation, the previous champion.
        monitored_until: end of the last window that was monitored.
        next_look: when the loop looks for an early warning again.
        retrained: start of each retraining, for the cooldown and the budget.
        grown_until: the latest event time of the rows for which the loop last retrained on growth.
        consecutive_failures: consecutive failed retrainings, for the backoff.
        paused: whether an operator paused it.
        waiting: digest of the features whose first version waits: to be promoted by the user, or,
            after failures, to be trained again.
        target_digest: digest of the target (see `Contract.target_digest`).
    """

    phase: Phase = "steady"
    since: datetime | None = None
    reason: str = "no transition yet"
    due: Literal["retrain", "rollback"] | None = None
    changed: datetime | None = None
    champion: str | None = None
    challenger: str | None = None
    monitored_until: datetime | None = None
    next_look: datetime | None = None
    retrained: tuple[datetime, ...] = ()
    grown_until: datetime | None = None
    consecutive_failures: int = 0
    paused: bool = False
    waiting: str = ""
    target_digest: str = ""

    def is_outdated(self, published: Rollout) -> bool:
        """Whether another command has published since; the next step continues from there."""
        if self.phase in ("triggered", "retraining"):
            return False
        seen = self.phase, self.champion, self.challenger
        return seen != (phase_of(published), published.champion, published.challenger)


class Lease(msgspec.Struct, frozen=True):
    """The right to change the state until a moment; `fence` grows with each new holder."""

    holder: str
    fence: int
    until: datetime

    def free(self) -> "Lease":
        """The same, released."""
        return msgspec.structs.replace(self, holder="")


class StateStore(Protocol):
    """One state and one lease. Every method is atomic, from any process."""

    def load(self) -> tuple[State, int]:
        """The state and its revision; a fresh one has revision 0."""
        ...

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        """Replace the state if `revision` is still the stored one, else False.

        With a `fence`, also False if the lease has a newer one. Without, the caller does not hold
        the lease, and may change nothing but `paused`.
        """
        ...

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        """Take the lease under a new fence, or prolong the one with that fence.

        It may be taken if it was released or ended before `now`, and prolonged until another
        process takes it. Otherwise the result is the lease as it is, with its own holder.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Release a lease; nothing happens if another process has taken it since."""
        ...
