"""The check for an early warning alone, as the loop runs it every day between two windows."""

from .._bundle import read_bundle
from .._project import Project
from ..evaluation._metric import MetricChoice
from ._daily_losses import DailyLossReader
from ._early_warning import find_early_warning
from ._monitoring_report import MonitoringReport, Window
from ._options import MonitoringOptions
from ._window import MonitoringWindow


def early_warning_report(
    project: Project, metric: MetricChoice | None, reader: DailyLossReader
) -> MonitoringReport | None:
    """The report about the window that ends now; it is not saved. None without a champion."""
    version = project.published().champion
    if version is None:
        return None
    now = project.clock.now()
    window = MonitoringWindow(
        project.settings,
        project.contract,
        project.log,
        read_bundle(project.bundles.fetch(version)),
        project.clock,
        Window(now - project.settings.monitoring.window, now, 0, 0),
        MonitoringOptions(metric=metric),
    )
    result = find_early_warning(window, reader)
    return MonitoringReport(
        window.period, result.statuses, tuple(result.findings), notes=tuple(result.notes)
    )
