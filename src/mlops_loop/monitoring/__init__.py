"""Monitoring of a window of predictions: checks, actions on their findings, and alerts.

A project names these in its `monitoring.py`, as a `MonitoringPlan`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from .._bundle import read_bundle, require_same_target
from .._champion import other_target
from .._project import Project
from .._settings import ActionName
from ..evaluation._metric import MetricChoice
from ..prediction_log._none import require_kept
from ._checks import (
    DEFAULT_CHECKS,
    Check,
    check_data_quality,
    check_drift,
    check_early_warning,
    check_estimated_performance,
    check_performance,
    run_evidently,
)
from ._findings import CheckResult, Finding
from ._incidents import Incident
from ._monitoring_report import MonitoringReport, Window
from ._options import MonitoringOptions
from ._plan import Action, MonitoringPlan
from ._receivers import Alert, Receiver
from ._run import NOTHING_TO_COMPARE, monitor
from ._window import MonitoringWindow

__all__ = [
    "DEFAULT_CHECKS",
    "Action",
    "ActionName",
    "Alert",
    "Check",
    "CheckResult",
    "Finding",
    "Incident",
    "MonitoringPlan",
    "MonitoringReport",
    "MonitoringWindow",
    "Receiver",
    "Window",
    "check_data_quality",
    "check_drift",
    "check_early_warning",
    "check_estimated_performance",
    "check_performance",
    "monitor_project",
    "run_evidently",
]


def monitor_project(
    project: Project,
    *,
    checks: Sequence[Check] = DEFAULT_CHECKS,
    metric: MetricChoice | None = None,
    actions: Mapping[str, Action] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    version: str | None = None,
    segment_by: str | None = None,
    page: bool = True,
) -> MonitoringReport:
    """Run the checks on a window of the prediction log, and write the report.

    Args:
        project: project whose log is read.
        checks: the checks, run in this order.
        metric: metric of the performance; None for the one that the model was selected by.
        actions: the project's own actions by kind of finding, for the advice of the report.
        since: beginning of the window in event time, by default `monitoring.window` before its
            end.
        until: end of the window, excluded; by default now.
        version: model version whose predictions are checked, by default the champion; rows that
            it did not predict are left out.
        segment_by: a column; the report has the results for each of its values as well.
        page: whether Evidently's page is written.

    Raises:
        NotKeptError: if `prediction_log` is `none`.
        InputError: if `segment_by` cannot divide the rows.
        BundleError: if there is no bundle of the version, or it has another target.

    Examples:
        >>> report = monitor_project(project, checks=[check_performance], page=False)
        >>> report.performance
        'unknown'
    """
    require_kept(
        project.log,
        "drift, data quality and performance are unknown; /metrics of the service counts requests "
        "and predictions",
    )
    monitored = version or project.published().champion
    bundle, reason = None, NOTHING_TO_COMPARE
    if monitored is None:
        reason = other_target(project.bundles, project.contract) or reason
    else:
        bundle = read_bundle(project.bundles.fetch(monitored))
        require_same_target(bundle, project.contract)
    return monitor(
        project.settings,
        project.contract,
        log=project.log,
        bundle=bundle,
        reason=reason,
        since=since,
        until=until,
        clock=project.clock,
        checks=checks,
        options=MonitoringOptions(
            page=page,
            segment_by=segment_by,
            version_only=version is not None,
            metric=metric,
            actions=actions or {},
        ),
    )
