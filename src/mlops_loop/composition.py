"""What a project hands to the command line and to the loop."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .monitoring import MonitoringPlan
    from .project import Project
    from .references import DecisionRef, RunRef, SnapshotRef
    from .registry import Version

__all__ = ["Composition", "Pipeline"]


def _default_monitoring() -> "MonitoringPlan":
    from .monitoring import MonitoringPlan

    return MonitoringPlan()


class Ingest(Protocol):
    """The stage that makes a snapshot."""

    def __call__(
        self,
        project: "Project",
        *,
        source: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> "SnapshotRef": ...


class Fit(Protocol):
    """The stage that fits the candidates and exports the best one."""

    def __call__(
        self,
        project: "Project",
        snapshot: "SnapshotRef",
        *,
        tune: bool = False,
        resume: bool = False,
    ) -> "RunRef": ...


class Train(Protocol):
    """All stages after `ingest`."""

    def __call__(
        self,
        project: "Project",
        snapshot: "SnapshotRef",
        *,
        tune: bool = False,
        resume: bool = False,
    ) -> "Version": ...


@dataclass(frozen=True)
class Pipeline:
    """The stages of a project, as its `pipeline.py` defines them.

    The command of the same name runs each; `train` runs those after `ingest`, and so does the
    loop when it retrains.
    """

    ingest: Ingest
    fit: Fit
    evaluate: "Callable[[Project, RunRef], DecisionRef]"
    register: "Callable[[Project, DecisionRef], Version]"
    train: Train


@dataclass(frozen=True)
class Composition:
    """A project with its pipeline and its monitoring.

    Attributes:
        project: what serving needs, and no more.
        pipeline: imports `pipeline.py`; called by what trains.
        monitoring: imports `monitoring.py`; called by what monitors. By default the checks,
            actions and receivers of the library.

    The latter two are functions, so that a command imports no more than it needs: `serve` runs
    without the libraries that training and monitoring take.
    """

    project: "Project"
    pipeline: Callable[[], Pipeline]
    monitoring: "Callable[[], MonitoringPlan]" = _default_monitoring
