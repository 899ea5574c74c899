"""Three questions about a window of predictions: drift, data quality, performance."""

from datetime import datetime

from ..bundle import read_bundle
from ..project import Project
from .findings import Finding, MonitoringReport, Window
from .run import MonitoringOptions, monitor

__all__ = ["Finding", "MonitoringReport", "Window", "monitor_project"]


def monitor_project(
    project: Project,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    version: str | None = None,
    segment_by: str | None = None,
    page: bool = True,
) -> MonitoringReport:
    """Monitor a project's log against its champion, or another version that answered.

    Args:
        project: whose log and bundles.
        since: beginning of the window in event time.
        until: its end, excluded.
        version: whose answers are asked about; then rows that it did not answer are left out.
        segment_by: a column by whose values the answers are taken apart as well.
        page: whether Evidently draws its page.
    """
    asked = version or project.published().champion
    return monitor(
        project.settings,
        project.contract,
        log=project.log,
        bundle=None if asked is None else read_bundle(project.bundles.fetch(asked)),
        since=since,
        until=until,
        clock=project.clock,
        options=MonitoringOptions(
            page=page, segment_by=segment_by, version_only=version is not None
        ),
    )
