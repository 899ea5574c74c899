"""The last verdict of monitoring, left where the service finds it without importing monitoring."""

from pathlib import Path

import msgspec

from .atomic import atomic_write
from .paths import Paths


class FindingSummary(msgspec.Struct, frozen=True):
    """One finding; `column` and `slice` are empty where it concerns the whole window."""

    kind: str
    column: str
    slice: str
    statistic: str
    value: float
    severity: str


class MonitoringStatus(msgspec.Struct, frozen=True):
    """The answers to the three questions about the window from `since` to `until`.

    Attributes:
        quality: whether the quality of the data is broken.
        messages: the answers, findings and notes for people.
    """

    since: str
    until: str
    drift: bool
    quality: bool
    performance: str
    messages: list[str]
    findings: list[FindingSummary] = []


def save_monitoring_status(root: Path, verdict: MonitoringStatus) -> None:
    """Put a verdict in the place of the one before; `root` is the project's."""
    with atomic_write(Paths(root).monitoring_status) as draft:
        draft.write_bytes(msgspec.json.encode(verdict))


def load_monitoring_status(root: Path) -> MonitoringStatus | None:
    """The verdict that was left last; None where there is none that can be read."""
    try:
        return msgspec.json.decode(
            Paths(root).monitoring_status.read_bytes(), type=MonitoringStatus
        )
    except (OSError, msgspec.MsgspecError):
        return None
