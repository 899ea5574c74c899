"""Runs the checks on a window, and builds the report."""

import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from ..contract.model import Column
from ..errors import ProjectError
from .advice import advise
from .checks import Check
from .findings import CHECK, CheckResult, Finding
from .monitoring_report import MonitoringReport, Segment
from .report_files import save_report
from .segments import SegmentFinder
from .window import MonitoringWindow


def run(
    window: MonitoringWindow, checks: Sequence[Check], segment_by: Column | None
) -> MonitoringReport:
    """Run all checks on a window that has rows to check, and save the report."""
    result = run_checks(window, checks)
    report = _report(window, result)
    report = replace(
        report,
        advice=advise(drift=report.drift, quality=report.quality, performance=report.performance),
        segments=() if segment_by is None else _segments(window, segment_by),
    )
    return save_report(
        window.settings.root,
        report,
        result.comparison,
        name=window.name,
        page=window.options.page,
        publish=not window.options.version_only,
    )


def run_checks(window: MonitoringWindow, checks: Sequence[Check]) -> CheckResult:
    """The combined results of all checks; an exception of a check is a finding."""
    results = [CheckResult(statuses={CHECK: "ok"})]
    for check in checks:
        try:
            result = check(window)
        except ProjectError:
            raise
        except Exception as error:
            name = getattr(check, "__name__", type(check).__name__)
            text = f"{name} failed: {type(error).__name__}: {error} ({_place(error)})"
            structlog.get_logger(__name__).error("check failed", check=name, error=text)
            result = [Finding(CHECK, text, "critical", statistic=name)]
        results.append(result if isinstance(result, CheckResult) else CheckResult(result))
    return CheckResult.combine(results)


def _place(error: Exception) -> str:
    """File and line of the check at which it failed."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = frames[min(1, len(frames) - 1)]  # the first one is the call of the check
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def _report(window: MonitoringWindow, result: CheckResult) -> MonitoringReport:
    rows = window.period.rows
    return MonitoringReport(
        window=replace(window.period, sampled=len(window.logged)),
        statuses=result.statuses,
        findings=tuple(replace(finding, rows=finding.rows or rows) for finding in result.findings),
        drift_scores=result.drift_scores,
        notes=tuple(result.notes),
        metrics=result.metrics,
    )


def _segments(window: MonitoringWindow, column: Column) -> tuple[Segment, ...]:
    settings, labelled = window.settings, window.labelled_sample
    return SegmentFinder(
        settings,
        window.contract,
        window.metric,
        column,
        reference=window.reference_sample,
        window=window.sample,
        holdout=window.holdout,
        labelled=labelled if len(labelled) >= settings.monitoring.min_labels else None,
    ).find()
