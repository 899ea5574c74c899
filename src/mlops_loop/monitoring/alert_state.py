"""One message when something begins, one when it is over, and none in between.

What monitoring is troubled by is an alarm, one for each question. It is told when it begins, again
only when it comes to name what it had not named before, and once more when it is over. A question
that could not be asked ends no alarm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec import MsgspecError, Struct
from msgspec.json import decode, encode

from ..atomic import atomic_write
from ..clock import Clock
from ..settings import Settings
from .alerts import open_alerts
from .findings import MonitoringReport


class ActiveAlert(Struct, frozen=True):
    """What was told: when it began, in which words, and the findings that were named."""

    since: datetime
    text: str
    named: list[str]


@dataclass(frozen=True)
class AlertTracker:
    """The alarms that are on, in a file.

    Attributes:
        file: where they are kept.
        send: sends a message.
        link: from a report's path, relative to the project's root, to what people open.
    """

    file: Path
    send: Callable[[str], None]
    clock: Clock
    link: Callable[[str], str]

    def update(self, found: MonitoringReport, messages: Mapping[str, str]) -> None:
        """Tell what is new, and what is over.

        Args:
            found: what monitoring says now.
            messages: sentences by question; trouble that is not among them begins no alarm.
        """
        active_alerts = self._read()
        for kind, text in messages.items():
            active_alert = active_alerts.get(kind)
            named = {one.key for one in found.findings if one.kind == kind}
            if active_alert is None or named - {*active_alert.named}:
                self.send(self._linked(text, found))
            before = [] if active_alert is None else active_alert.named
            since = self.clock.now() if active_alert is None else active_alert.since
            active_alerts[kind] = ActiveAlert(since, text, sorted({*before, *named}))
            self._write(active_alerts)
        for kind in [kind for kind in active_alerts if _is_over(kind, found)]:
            active_alert = active_alerts.pop(kind)
            began = f"{active_alert.since:%Y-%m-%d %H:%M}"
            self.send(self._linked(f"over (it began {began}): {active_alert.text}", found))
            self._write(active_alerts)

    def _linked(self, text: str, found: MonitoringReport) -> str:
        return text if found.report is None else f"{text}\n{self.link(found.report)}"

    def _read(self) -> dict[str, ActiveAlert]:
        try:
            return decode(self.file.read_bytes(), type=dict[str, ActiveAlert])
        except (FileNotFoundError, MsgspecError):
            return {}

    def _write(self, active_alerts: Mapping[str, ActiveAlert]) -> None:
        with atomic_write(self.file) as draft:
            draft.write_bytes(encode(active_alerts))


def open_alert_tracker(settings: Settings, clock: Clock) -> AlertTracker:
    """The alarms of a project, told to the receivers of its settings."""

    def link(report: str) -> str:
        served = settings.alerts.reports
        if served is None:
            return str(settings.path(report))
        return f"{served.rstrip('/')}/{Path(report).name}"

    return AlertTracker(settings.paths.open_alerts, open_alerts(settings, clock).send, clock, link)


def _is_over(kind: str, found: MonitoringReport) -> bool:
    """Whether a question was asked and answered well."""
    if kind == "performance":
        return found.performance == "ok"
    if kind == "drift":
        return not found.drift and bool(found.drift_scores)
    return not found.quality and found.window.sampled > 0
