"""What a run leaves behind: page, JSON with the findings, the verdict that the service tells of."""

from dataclasses import replace
from pathlib import Path

from ..monitoring_status import FindingSummary, MonitoringStatus, save_monitoring_status
from ..paths import Paths
from .findings import MonitoringReport
from .report import Comparison, write_report


def save_report(
    root: Path,
    found: MonitoringReport,
    comparison: Comparison | None,
    *,
    name: str,
    page: bool,
    last: bool,
) -> MonitoringReport:
    """Store the answers under `root`, the project's folder.

    Args:
        root: the project's folder.
        found: the answers.
        comparison: Evidently's; None if nothing was compared.
        name: of the files, without an ending.
        page: whether there is a page besides the JSON.
        last: whether it is the verdict that the service shall tell of.

    Returns:
        The answers, with the page's path if there is one.
    """
    target = Paths(root).reports / f"{name}.html"
    if page and comparison is not None:
        found = replace(found, report=target.relative_to(root).as_posix())
    extra = {"messages": found.messages(), "metrics": dict(found.metrics)}
    write_report(comparison, {**found.to_json(), **extra}, target)
    if last:
        save_monitoring_status(root, _status(found))
    return found


def _status(found: MonitoringReport) -> MonitoringStatus:
    return MonitoringStatus(
        since=found.window.since.isoformat(),
        until=found.window.until.isoformat(),
        drift=found.drift,
        quality=found.quality,
        performance=found.performance,
        messages=found.messages(),
        findings=[
            FindingSummary(
                one.kind, one.column or "", one.slice or "", one.statistic, one.value, one.severity
            )
            for one in found.findings
        ],
    )
