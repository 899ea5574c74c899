"""The state of the loop, as it follows from what is published."""

from dataclasses import dataclass

from .._audit_log import AuditEvent
from .._clock import Clock
from .._publication import Rollout
from ..registry._transitions import Transitions
from ._lease import LeaseHolder
from ._state import phase_of


@dataclass(frozen=True)
class PhaseTracker:
    """Derives the phase from the published pointer, which is the source of truth.

    So a step that was interrupted anywhere is resumed by the next one, and transitions by a user
    are respected.
    """

    lease: LeaseHolder
    transitions: Transitions
    clock: Clock

    @property
    def published(self) -> Rollout:
        return self.transitions.published()

    def follow(self) -> None:
        """Adopt publications by a user or another process."""
        if self.transitions.is_open():
            self.transitions.reconcile()
        if self.lease.state.is_outdated(self.published):
            self.settle()

    def settle(self, reason: str | None = None, waiting: str = "", **changes: object) -> None:
        """End an action: the phase follows from the versions, the rest from the audit log.

        Args:
            reason: the reason of the phase; by default that of the last transition.
            waiting: digest of the features whose first version waits.
            changes: other fields of the state.
        """
        published, last = self.published, self.transitions.last()
        on_trial = published.challenger is not None
        known = last is not None and (reason is None or on_trial)
        self.lease.save(
            phase=phase_of(published),
            due=None,
            changed=None,
            champion=published.champion,
            challenger=published.challenger,
            waiting=waiting,
            since=last.time if last and known else self.clock.now(),
            reason=reason or last_transition(last),
            **changes,
        )


def last_transition(last: AuditEvent | None) -> str:
    """The reason of a phase that follows from a transition, of whichever version."""
    return f"{last.kind}: {last.text}" if last else "nothing is published for these features"
