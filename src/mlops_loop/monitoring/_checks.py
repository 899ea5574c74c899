"""The library's checks. Each imports what it needs when it runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._paths import Paths
from ._findings import CheckResult, Finding, Severity, Status
from ._window import MonitoringWindow

Check = Callable[[MonitoringWindow], CheckResult | Sequence[Finding]]
"""A check: a function of a window that returns its findings.

A check that cannot always conclude returns a `CheckResult` with a status instead.

Examples:
    >>> def check_volume(window: MonitoringWindow) -> list[Finding]:
    ...     rows = window.period.rows
    ...     return [] if rows >= 1000 else [Finding("volume", f"only {rows} predictions")]
    >>> check: Check = check_volume
"""


def check_performance(window: MonitoringWindow) -> CheckResult:
    """Check whether the model predicts as well as on its held-out rows.

    On the latest window of rows older than `label_horizon`: by how much does recalibration of the
    predictions lower the loss (Cox, "Two further applications of a model for binary regression",
    Biometrika 45, 1958), against the held-out rows. The deciding metric is reported at their base
    rate, with a bootstrap interval. The status is `unknown` with too few labels.

    Labels that are known for some predictions rather than others are a finding of the kind
    `labels`: performance is known for the labelled rows only.

    Examples:
        >>> plan = MonitoringPlan(checks=[check_performance])
    """
    from ._performance import find_performance, unknown
    from ._selective_labels import find_selection

    counts = window.log.count(window.mature_since, window.mature_until, version=window.version)
    if not counts.predictions:
        since, until = window.mature_since, window.mature_until
        period = f"{since:%Y-%m-%d} to {until:%Y-%m-%d}, older than label_horizon"
        result = unknown(f"there are no predictions of {period}")
    else:
        result = find_performance(
            window.settings,
            window.contract,
            window.metric,
            reference=window.holdout,
            labelled=window.labelled_sample,
            counts=counts,
        )
    labels = int(result.metrics.get("labels", 0))
    performance = CheckResult(
        findings=[replace(finding, rows=labels) for finding in result.findings],
        statuses={"performance": result.status},
        notes=result.notes,
        metrics=result.metrics,
    )
    selection = find_selection(window.contract, window.mature, window.version, counts)
    return CheckResult.combine([performance, selection])


def check_drift(window: MonitoringWindow) -> CheckResult:
    """Check whether the distribution of the inputs has changed.

    A column is compared by the Wasserstein distance in standard deviations for numbers (Rubner,
    Tomasi & Guibas, "The Earth Mover's Distance as a Metric for Image Retrieval", IJCV 40, 2000)
    and the Jensen-Shannon distance for categories (Lin, "Divergence Measures Based on the Shannon
    Entropy", IEEE Transactions on Information Theory 37, 1991). It has drifted if its distance
    exceeds `monitoring.drift_threshold` and what chance explains at this number of columns, rows
    and days. The status is `failed` if the drifted columns have `monitoring.drift_share` of the
    importance, one has a fifth of it, or one moved by more than three thresholds.

    Examples:
        >>> plan = MonitoringPlan(checks=[check_drift])
    """
    from ._drift import find_drift
    from ._drift_notes import describe_comparison
    from ._report import draw_drift

    settings = window.settings.monitoring
    drift = find_drift(
        window.contract,
        settings,
        reference=window.reference_sample,
        window=window.sample,
        importances=window.bundle.manifest.importances,
    )
    draws = window.options.page and drift.comparisons
    compared: Status = "ok" if drift.comparisons else "unknown"
    notes = describe_comparison(window, drift) if drift.comparisons else ()
    return CheckResult(
        findings=drift.findings,
        statuses={"drift": "failed" if drift.is_alarm else compared},
        notes=(*drift.notes, *notes, *window.reference_notes),
        drift_scores=drift.scores,
        drift_thresholds={column.name: column.threshold for column in drift.comparisons},
        snapshot=(
            draw_drift(window.contract, drift.comparisons, drift_share=settings.drift_share)
            if draws
            else None
        ),
    )


def check_data_quality(window: MonitoringWindow) -> CheckResult:
    """Check whether rows satisfy the contract, resemble the reference, and keep arriving.

    Finds violations of the contract, more or fewer missing values, new categories, columns that
    became constant, and a drop in the number of predictions. Shares are compared with those of the
    reference and what chance explains at this number of columns, rows and days.

    Examples:
        >>> plan = MonitoringPlan(checks=[check_data_quality])
    """
    from ._quality import Traffic, find_quality, find_traffic, newest_of

    since, until = window.period.since, window.period.until
    # Traffic does not depend on the version.
    rows = window.log.count(since, until).predictions
    before = window.log.count(since - (until - since), since).predictions
    traffic = Traffic(since, until, rows, before, newest_of(window.logged))
    findings = find_traffic(traffic) + find_quality(
        window.contract,
        window.settings.monitoring.max_violation_share,
        reference=window.reference_sample,
        checked=window.checked,
        encoder=window.bundle.encoder,
    )
    checked: Status = "ok" if len(window.logged) else "unknown"
    return CheckResult(findings, {"quality": "failed" if findings else checked})


def check_early_warning(window: MonitoringWindow) -> CheckResult:
    """Check whether the daily loss rises, and since which day.

    Scans the days of the holdout and the latest 90 days with labels older than `label_horizon` for
    an onset since which the loss exceeds what the model's probabilities expect by more than
    `monitoring.performance_margin` (Siegmund & Venkatraman, Annals of Statistics 23, 1995). The
    loop runs it every day between two windows.

    Examples:
        >>> plan = MonitoringPlan(checks=[check_early_warning])
    """
    from ._early_warning import find_early_warning

    return find_early_warning(window)


def check_estimated_performance(window: MonitoringWindow) -> CheckResult:
    """Estimate the performance of the window before its labels are known.

    The expected metric under the model's probabilities, or for a regression a model of its errors;
    see NannyML's CBPE and DLE. It is a note and the metric `estimated_…`, never a finding.

    Examples:
        >>> plan = MonitoringPlan(checks=[check_performance, check_estimated_performance])
    """
    from ._estimated_performance import estimate_performance

    return estimate_performance(window)


DEFAULT_CHECKS: tuple[Check, ...] = (
    check_performance,
    check_drift,
    check_data_quality,
    check_early_warning,
    check_estimated_performance,
)
"""The checks of the library, run unless a plan names others.

Examples:
    >>> [check.__name__ for check in DEFAULT_CHECKS[:3]]
    ['check_performance', 'check_drift', 'check_data_quality']
"""


def run_evidently(
    window: MonitoringWindow,
    metrics: Sequence[Any],
    *,
    kind: str,
    severity: Severity = "warning",
) -> CheckResult:
    """Run Evidently metrics, presets and tests on a window; each failed test is a finding.

    The report is written to `var/reports/`, named after the window and the kind.

    Args:
        window: its `current` and `reference` rows are the two data sets.
        metrics: metrics and presets of Evidently. A metric may have `tests`.
        kind: kind of the findings.
        severity: severity of the findings.

    Examples:
        >>> def check_missing_values(window: MonitoringWindow) -> CheckResult:
        ...     from evidently.metrics import MissingValueCount
        ...     from evidently.tests import lte
        ...
        ...     price = MissingValueCount(column="price", share_tests=[lte(0.1)])
        ...     return run_evidently(window, [price], kind="missing values")
    """
    from ._report import run_report

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
