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
        outlook: what happens next, and when; empty if something prevented the step.
        due: why a retraining is due that was left to the next step; empty if none is.
    """

    entries: tuple[AuditEvent, ...]
    monitoring: MonitoringReport | None = None
    idle: str = ""
    outlook: str = ""
    due: str = ""

    def summary(self) -> str:
        """What was done besides the entries, and when something will be."""
        if self.idle:
            return self.idle
        if self.due:
            return f"a retraining is due, and left to the next step: {self.due}"
        done = "nothing else is due" if self.entries else "nothing is due"
        if self.monitoring is not None:
            done = _checked(self.monitoring)
        return f"{done}; {self.outlook}"


def _checked(report: MonitoringReport) -> str:
    window = report.window
    unknown = [note for note in report.notes if "unknown" in note or not report.statuses]
    notes = f" ({'; '.join(unknown)})" if unknown else ""
    findings = f"{len(report.findings) or 'no'} finding{'' if len(report.findings) == 1 else 's'}"
    period = f"{window.since:%Y-%m-%d} to {window.until:%Y-%m-%d}"
    return f"checked {period}: {window.rows} predictions, {findings}{notes}"
