"""The result of one step of the loop."""

from dataclasses import dataclass

from .._audit_log import AuditEvent
from ..monitoring import MonitoringReport


@dataclass(frozen=True)
class Step:
    """The result of one step.

    Attributes:
        entries: the new entries of the audit log.
        monitoring: the report, if monitoring was due.
        idle: why nothing was done; empty if nothing prevented it.
    """

    entries: tuple[AuditEvent, ...]
    monitoring: MonitoringReport | None = None
    idle: str = ""
