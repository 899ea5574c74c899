"""The last result of monitoring, stored where the service reads it without importing monitoring."""

from pathlib import Path

import msgspec
import structlog

from ._atomic import atomic_write
from ._formats import MONITORING_STATUS
from ._paths import Paths
from .errors import StoreError


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
        target: the target of the predictions, in words.
        target_digest: identifies it (see `Contract.target_digest`).
        quality: whether the quality of the data is broken.
        messages: the answers, findings and notes for people.
    """

    target: str
    target_digest: str
    since: str
    until: str
    drift: bool
    quality: bool
    performance: str
    messages: list[str]
    findings: list[FindingSummary] = []


def save_monitoring_status(root: Path, status: MonitoringStatus) -> None:
    """Replace the stored result; `root` is the project's."""
    with atomic_write(Paths(root).monitoring_status) as draft:
        draft.write_bytes(MONITORING_STATUS.encode(status))


def load_monitoring_status(root: Path, target_digest: str) -> MonitoringStatus | None:
    """The stored result; None if none can be read, or it is about another target."""
    path = Paths(root).monitoring_status
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        status = MONITORING_STATUS.decode(content, MonitoringStatus, path)
    except StoreError as error:  # the service goes on without
        structlog.get_logger(__name__).error("monitoring status not read", error=str(error))
        return None
    return status if status.target_digest == target_digest else None
