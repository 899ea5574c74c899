"""Files of a run of monitoring: the page, the JSON file, and the status for the service."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from .._monitoring_status import FindingSummary, MonitoringStatus, save_monitoring_status
from .._paths import Paths
from ..contract import Contract
from ._monitoring_report import MonitoringReport
from ._report import write_report


def save_report(
    root: Path,
    contract: Contract,
    report: MonitoringReport,
    snapshot: Any | None,
    *,
    name: str,
    publish: bool,
) -> MonitoringReport:
    """Write the report below `root`.

    Args:
        root: the project's folder.
        contract: the contract, whose target the report is about.
        report: the answers.
        snapshot: Evidently's, for the page; None if nothing was compared, or without a page.
        name: name of the files, without the suffix.
        publish: whether it is the status that the service shows.

    Returns:
        The report, with the page's path if there is one.
    """
    target = Paths(root).reports / f"{name}.html"
    if snapshot is not None:
        report = replace(report, report=target.relative_to(root).as_posix())
    write_report(snapshot, _content(report), target)
    if publish:
        save_monitoring_status(root, _status(report, contract))
    return report


def record_decision(
    root: Path, contract: Contract, report: MonitoringReport, decision: str
) -> MonitoringReport:
    """Put a decision in the place of the advice, in the saved report and in the status.

    Returns:
        The report with the decision.
    """
    report = replace(report, advice=decision)
    page = Paths(root).reports / f"{report.window.name}.html"
    write_report(None, _content(report), page)
    save_monitoring_status(root, _status(report, contract))
    return report


def _content(report: MonitoringReport) -> dict[str, object]:
    return {
        **report.to_json(),
        "messages": report.messages(),
        "metrics": dict(report.metrics),
        "distances": dict(report.drift_scores),
        "thresholds": dict(report.drift_thresholds),
    }


def _status(report: MonitoringReport, contract: Contract) -> MonitoringStatus:
    return MonitoringStatus(
        target=contract.target_summary,
        target_digest=contract.target_digest,
        since=report.window.since.isoformat(),
        until=report.window.until.isoformat(),
        drift=report.drift,
        quality=report.quality,
        performance=report.performance,
        messages=report.messages(),
        findings=[
            FindingSummary(
                finding.kind,
                finding.column or "",
                finding.slice or "",
                finding.statistic,
                # A finding without a value is exported as present.
                1.0 if finding.value is None else finding.value,
                finding.severity,
            )
            for finding in report.findings
        ],
    )
