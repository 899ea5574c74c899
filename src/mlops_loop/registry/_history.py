"""Past transitions in the audit log, for one rollout of the pointer."""

from collections.abc import Sequence

import msgspec

from .._audit_log import INTENT, AuditEvent, AuditLog
from .._publication import Pointer, Rollout

DROPPED = "dropped"
TRANSITIONS = ("promote", "challenge", "reject", "confirm", "rollback")


def transitions(audit_log: AuditLog, key: str) -> list[AuditEvent]:
    """Intents with their results, oldest first."""
    kinds = (INTENT, DROPPED, *TRANSITIONS)
    return [
        entry
        for entry in audit_log.entries()
        if entry.kind in kinds and entry.details.get("rollout") == key
    ]


def open_intent(history: Sequence[AuditEvent]) -> AuditEvent | None:
    """The intent without a result, if any."""
    return history[-1] if history and history[-1].kind == INTENT else None


def last_of(history: Sequence[AuditEvent], kind: str, version: str) -> AuditEvent | None:
    """The last transition of a version, if it is of this kind."""
    done = [
        entry
        for entry in history
        if entry.kind in TRANSITIONS and entry.details["version"] == version
    ]
    return done[-1] if done and done[-1].kind == kind else None


def last_move(history: Sequence[AuditEvent]) -> AuditEvent | None:
    """The last transition of any version."""
    return next((entry for entry in reversed(history) if entry.kind in TRANSITIONS), None)


def recorded_pointer(audit_log: AuditLog) -> Pointer:
    """The pointer after the last transition of each rollout."""
    pointer = Pointer()
    for entry in audit_log.entries():
        if entry.kind in TRANSITIONS:
            after = msgspec.convert(entry.details["after"], Rollout)
            pointer = pointer.with_rollout(str(entry.details["rollout"]), after)
    return pointer


def champion_of_other_rollout(audit_log: AuditLog, key: str) -> tuple[str, str] | None:
    """The last champion with other features or another target: the version, and its features."""
    last: tuple[str, str] | None = None
    for entry in audit_log.entries():
        if entry.kind in ("promote", "rollback") and entry.details.get("rollout") != key:
            last = str(entry.details["version"]), str(entry.details.get("features"))
    return last


def champions(history: Sequence[AuditEvent]) -> list[str]:
    """Champions in the order of their promotion, without those rolled back."""
    line: list[str] = []
    for entry in history:
        version = str(entry.details["version"])
        if entry.kind == "promote" and line[-1:] != [version]:
            line.append(version)
        if entry.kind == "rollback":
            line.pop()
            while line and line[-1] != version:
                line.pop()
    return line
