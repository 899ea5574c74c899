"""Runs the checks on a window, and builds the report."""

from collections.abc import Sequence
from dataclasses import replace

import structlog

from .._project_code import code_error, describe
from ..contract._column_definition import Column
from ..errors import ProjectCodeError, ProjectError
from ._advice import advise
from ._checks import Check
from ._findings import CHECK, CheckResult, Finding
from ._monitoring_report import MonitoringReport, Segment
from ._report_files import save_report
from ._segments import SegmentFinder
from ._window import MonitoringWindow


def run(
    window: MonitoringWindow, checks: Sequence[Check], segment_by: Column | None
) -> MonitoringReport:
    """Run all checks on a window that has rows to check, and save the report."""
    result = run_checks(window, checks)
    report = _report(window, result)
    report = replace(
        report,
        advice=advise(report, window.settings.actions, window.options.actions),
        segments=() if segment_by is None else _segments(window, segment_by),
    )
    return save_report(
        window.settings.root,
        window.contract,
        report,
        result.snapshot,
        name=window.name,
        publish=not window.options.version_only,
    )


def run_checks(window: MonitoringWindow, checks: Sequence[Check]) -> CheckResult:
    """The combined results of all checks; an exception of a check is a finding."""
    results = [CheckResult(statuses={CHECK: "ok"})]
    for check in checks:
        name = getattr(check, "__name__", type(check).__name__)
        try:
            result = _run(check, window)
        except ProjectCodeError as error:
            structlog.get_logger(__name__).error("check failed", check=name, error=str(error))
            result = CheckResult([Finding(CHECK, str(error), "critical", statistic=name)])
        results.append(result)
    return CheckResult.combine(results)


def _run(check: Check, window: MonitoringWindow) -> CheckResult:
    """The result of one check.

    Raises:
        ProjectCodeError: if it raises an exception, or returns something else than findings.
    """
    try:
        result = check(window)
    except ProjectError:
        raise
    except Exception as error:
        raise code_error("check", check, error) from error
    if isinstance(result, CheckResult):
        return result
    if isinstance(result, list | tuple) and all(isinstance(item, Finding) for item in result):
        return CheckResult(result)
    raise ProjectCodeError(
        f"the check {describe(check)} returned {type(result).__name__}: expected a CheckResult or "
        "a list of findings"
    )


def _report(window: MonitoringWindow, result: CheckResult) -> MonitoringReport:
    rows = window.period.rows
    return MonitoringReport(
        window=replace(window.period, sampled=len(window.logged)),
        statuses=result.statuses,
        findings=tuple(replace(finding, rows=finding.rows or rows) for finding in result.findings),
        drift_scores=result.drift_scores,
        drift_thresholds=result.drift_thresholds,
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
