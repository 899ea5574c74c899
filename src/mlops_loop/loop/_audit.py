"""Entries of the loop in the audit log, besides transitions, which are recorded anyway."""

from dataclasses import dataclass

from .._audit_log import AuditEvent, AuditLog
from .._clock import Clock

ACTOR = "loop"
_NAMES = ("attempt", "version", "window")


@dataclass(frozen=True)
class LoopAuditLog:
    """The audit log with the loop as actor."""

    audit_log: AuditLog
    clock: Clock

    def completed(self) -> tuple[AuditEvent, ...]:
        """All completed entries, by any actor, oldest first."""
        return tuple(self.audit_log.completed())

    def record_once(self, kind: str, reason: str, **details: object) -> None:
        """Record an entry unless the previous step recorded it before it was interrupted."""
        known = {name: details[name] for name in _NAMES if name in details}
        if all(entry.reason != reason for entry in self.find(kind, **known)):
            self.audit_log.append(AuditEvent(self.clock.now(), kind, ACTOR, reason, details))

    def find(self, kind: str, **details: object) -> list[AuditEvent]:
        """Entries of a kind with these details, oldest first."""
        return [
            entry
            for entry in self.audit_log.entries()
            if entry.kind == kind and details.items() <= dict(entry.details).items()
        ]
