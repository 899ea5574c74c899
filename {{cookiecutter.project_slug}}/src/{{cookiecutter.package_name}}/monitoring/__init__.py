"""Three questions about a window of predictions: drift, data quality, performance."""

from datetime import datetime
from typing import TYPE_CHECKING

from .findings import Finding, Monitoring, Window

if TYPE_CHECKING:
    from ..project import Project

__all__ = ["Finding", "Monitoring", "Window", "monitor_project"]


def monitor_project(
    project: "Project", *, since: datetime | None = None, until: datetime | None = None
) -> Monitoring:
    """Monitor a project's log against its champion (see `monitoring.run.monitor`)."""
    from ..bundle import read_bundle
    from .run import monitor

    champion = project.published().champion
    return monitor(
        project.settings,
        project.contract,
        log=project.log,
        bundle=None if champion is None else read_bundle(project.bundles.fetch(champion)),
        since=since,
        until=until,
        clock=project.clock,
    )
