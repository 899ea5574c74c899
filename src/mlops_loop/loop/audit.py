"""What the loop puts on record of its own, beside the transitions, which record themselves."""

from dataclasses import dataclass

from ..audit_log import AuditEvent, AuditLog
from ..clock import Clock

ACTOR = "loop"
_NAMES = ("attempt", "version", "window")


@dataclass(frozen=True)
class LoopAuditLog:
    """The journal in the hands of the loop."""

    audit_log: AuditLog
    clock: Clock

    def completed(self) -> tuple[AuditEvent, ...]:
        """What was done so far, by whomever, oldest first."""
        return tuple(self.audit_log.completed())

    def record_once(self, kind: str, reason: str, **details: object) -> None:
        """Put something on record, unless it is there: the step may have been cut off after it."""
        known = {name: details[name] for name in _NAMES if name in details}
        for entry in self.audit_log.entries():
            if (entry.kind, entry.reason) == (kind, reason) and known.items() <= dict(
                entry.details
            ).items():
                return
        self.audit_log.append(AuditEvent(self.clock.now(), kind, ACTOR, reason, details))
