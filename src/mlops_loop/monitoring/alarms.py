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
from .findings import Monitoring


class Alarm(Struct, frozen=True):
    """What was told: when it began, in which words, and the findings that were named."""

    since: datetime
    text: str
    named: list[str]


@dataclass(frozen=True)
class Alarms:
    """The alarms that are on, in a file.

    Attributes:
        file: where they are kept.
        tell: sends a message.
        link: from a report's path, relative to the project's root, to what people open.
    """

    file: Path
    tell: Callable[[str], None]
    clock: Clock
    link: Callable[[str], str]

    def watch(self, found: Monitoring, told: Mapping[str, str]) -> None:
        """Tell what is new, and what is over.

        Args:
            found: what monitoring says now.
            told: sentences by question; trouble that is not among them begins no alarm.
        """
        alarms = self._read()
        for kind, text in told.items():
            alarm = alarms.get(kind)
            named = {one.key for one in found.findings if one.kind == kind}
            if alarm is None or named - {*alarm.named}:
                self.tell(self._linked(text, found))
            before = [] if alarm is None else alarm.named
            since = self.clock.now() if alarm is None else alarm.since
            alarms[kind] = Alarm(since, text, sorted({*before, *named}))
            self._write(alarms)
        for kind in [kind for kind in alarms if _is_over(kind, found)]:
            alarm = alarms.pop(kind)
            began = f"{alarm.since:%Y-%m-%d %H:%M}"
            self.tell(self._linked(f"over (it began {began}): {alarm.text}", found))
            self._write(alarms)

    def _linked(self, text: str, found: Monitoring) -> str:
        return text if found.report is None else f"{text}\n{self.link(found.report)}"

    def _read(self) -> dict[str, Alarm]:
        try:
            return decode(self.file.read_bytes(), type=dict[str, Alarm])
        except (FileNotFoundError, MsgspecError):
            return {}

    def _write(self, alarms: Mapping[str, Alarm]) -> None:
        with atomic_write(self.file) as draft:
            draft.write_bytes(encode(alarms))


def open_alarms(settings: Settings, clock: Clock) -> Alarms:
    """The alarms of a project, told to the receivers of its settings."""

    def link(report: str) -> str:
        served = settings.alerts.reports
        if served is None:
            return str(settings.path(report))
        return f"{served.rstrip('/')}/{Path(report).name}"

    return Alarms(settings.paths.open_alerts, open_alerts(settings, clock).tell, clock, link)


def _is_over(kind: str, found: Monitoring) -> bool:
    """Whether a question was asked and answered well."""
    if kind == "performance":
        return found.performance == "ok"
    if kind == "drift":
        return not found.drift and bool(found.drift_scores)
    return not found.quality and found.window.sampled > 0
