"""The library's checks. Each imports what it needs when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ..paths import Paths
from .findings import CheckResult, Finding, Severity, Status
from .window import MonitoringWindow

# A check of a window; a list of findings is enough for one that can always conclude.
Check = Callable[[MonitoringWindow], CheckResult | Sequence[Finding]]


def check_performance(window: MonitoringWindow) -> CheckResult:
    """Does the model predict as well as on its held-out rows?

    Compares the metric that the model was chosen by with the bootstrap, on rows older than the
    label horizon.
    """
    from .performance import find_performance, unknown

    since, until = window.period.since, window.mature_until
    if until <= since:
        result = unknown("no row of the window is old enough to have its label")
    else:
        result = find_performance(
            window.settings,
            window.contract,
            window.metric,
            reference=window.holdout,
            labelled=window.labelled_sample,
            counts=window.log.count(since, until, version=window.version),
        )
    labels = int(result.metrics.get("labels", 0))
    return CheckResult(
        findings=[replace(finding, rows=labels) for finding in result.findings],
        statuses={"performance": result.status},
        notes=result.notes,
        metrics=result.metrics,
    )


def check_drift(window: MonitoringWindow) -> CheckResult:
    """Did the distribution of the inputs change? Evidently measures the distance by column."""
    from .drift import find_drift
    from .report import compare

    drift = find_drift(
        window.contract,
        window.settings.monitoring,
        reference=window.reference_sample,
        window=window.sample,
        compare=partial(compare, page=window.options.page),
    )
    compared: Status = "ok" if drift.scores else "unknown"
    return CheckResult(
        findings=drift.findings,
        statuses={"drift": "failed" if drift.drifted else compared},
        notes=(*drift.notes, *window.reference_notes),
        drift_scores=drift.scores,
        comparison=drift.comparison,
    )


def check_data_quality(window: MonitoringWindow) -> CheckResult:
    """Do the rows follow the contract and resemble the training data, and do they arrive?"""
    from .quality import Traffic, find_quality, find_traffic, newest_of

    since, until = window.period.since, window.period.until
    # Whichever versions answer, the same traffic is expected.
    rows = window.log.count(since, until).predictions
    before = window.log.count(since - (until - since), since).predictions
    traffic = Traffic(since, until, rows, before, newest_of(window.logged))
    findings = find_traffic(traffic) + find_quality(
        window.contract,
        window.settings.monitoring.max_violation_share,
        reference=window.reference_sample,
        checked=window.checked,
        bundle=window.bundle,
    )
    checked: Status = "ok" if len(window.logged) else "unknown"
    return CheckResult(findings, {"quality": "failed" if findings else checked})


DEFAULT_CHECKS: tuple[Check, ...] = (check_performance, check_drift, check_data_quality)


def run_evidently(
    window: MonitoringWindow,
    metrics: Sequence[Any],
    *,
    kind: str,
    severity: Severity = "warning",
) -> CheckResult:
    """Run Evidently metrics, presets and tests on a window; each failed test is a finding.

    The page is written to `var/reports/`, under the name of the window and the kind.

    Args:
        window: compared columns of its `current` and `reference` rows are the two data sets.
        metrics: of `evidently.metrics` and `evidently.presets`. A metric may have `tests`.
        kind: of the findings.
        severity: of the findings.

    Example:
        >>> def check_missing_values(window: MonitoringWindow) -> CheckResult:
        ...     from evidently.metrics import MissingValueCount
        ...     from evidently.tests import lte
        ...
        ...     price = MissingValueCount(column="price", share_tests=[lte(0.1)])
        ...     return run_evidently(window, [price], kind="missing values")
    """
    from .report import run_report

    if not len(window.current):
        return CheckResult(statuses={kind: "unknown"})
    name = f"{window.name}-{kind.replace(' ', '-')}.html"
    page = Paths(window.settings.root).reports / name if window.options.page else None
    failed = run_report(window.contract, window.current, window.reference, metrics, page)
    findings = [Finding(kind, text, severity, statistic=name) for name, text in failed]
    notes = [] if page is None else [f"{kind}: {_relative(page, window.settings.root)}"]
    return CheckResult(findings, {kind: "failed" if findings else "ok"}, notes)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
