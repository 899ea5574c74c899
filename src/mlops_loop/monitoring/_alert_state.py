"""State of alerts: one message when a kind of finding begins, and one when it is over.

A message is sent when an incident begins, again only when it has findings that were not named
before, and once more when it is over. A kind that could not be checked ends no incident.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct

from .._atomic import atomic_write, rename_damaged
from .._clock import Clock
from .._formats import ACTIVE_ALERTS
from .._project import Project
from .._settings import Settings
from ..errors import StoreError
from ._alerts import Alerts
from ._monitoring_report import MonitoringReport


class ActiveAlert(Struct, frozen=True):
    """An alert that was sent: its time, its text, and its findings."""

    since: datetime
    text: str
    named: list[str]


class _Stored(Struct, frozen=True):
    alerts: dict[str, ActiveAlert]


@dataclass(frozen=True)
class AlertTracker:
    """The active alerts, stored in a file.

    Attributes:
        file: path of the JSON file.
        send: sends a message.
        link: returns the URL for the path of a report relative to the project's folder.
    """

    file: Path
    send: Callable[[str], None]
    clock: Clock
    link: Callable[[str], str]

    def update(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        """Send messages about incidents that are new or over.

        Args:
            report: the current report.
            messages: messages by kind of finding; other kinds start no alert.
        """
        active_alerts = self._read()
        for kind, text in messages.items():
            active = active_alerts.get(kind)
            keys = {finding.key for finding in report.findings if finding.kind == kind}
            if active is None or keys - {*active.named}:
                self.send(self._linked(text, report))
            named = [] if active is None else active.named
            since = self.clock.now() if active is None else active.since
            active_alerts[kind] = ActiveAlert(since, text, sorted({*named, *keys}))
            self._write(active_alerts)
        for kind in [kind for kind in active_alerts if report.is_cleared(kind)]:
            active = active_alerts.pop(kind)
            began = f"{active.since:%Y-%m-%d %H:%M}"
            self.send(self._linked(f"over (it began {began}): {active.text}", report))
            self._write(active_alerts)

    def _linked(self, text: str, report: MonitoringReport) -> str:
        return text if report.report is None else f"{text}\n{self.link(report.report)}"

    def _read(self) -> dict[str, ActiveAlert]:
        try:
            return ACTIVE_ALERTS.decode(self.file.read_bytes(), _Stored, self.file).alerts
        except FileNotFoundError:
            return {}
        except (StoreError, OSError) as error:
            # What is found now matters more than what was sent before.
            structlog.get_logger(__name__).error("damaged list of alerts", error=str(error))
            rename_damaged(self.file)
            return {}

    def _write(self, active_alerts: dict[str, ActiveAlert]) -> None:
        with atomic_write(self.file) as draft:
            draft.write_bytes(ACTIVE_ALERTS.encode(_Stored(active_alerts)))


def open_alert_tracker(project: Project, alerts: Alerts) -> AlertTracker:
    """The active alerts of a project."""
    return AlertTracker(
        project.paths.open_alerts,
        alerts.send,
        project.clock,
        lambda report: _link(project.settings, report),
    )


def _link(settings: Settings, report: str) -> str:
    served = settings.alerts.reports
    if served is None:
        return str(settings.path(report))
    return f"{served.rstrip('/')}/{Path(report).name}"
