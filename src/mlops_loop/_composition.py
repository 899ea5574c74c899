"""The parts of a project that the command line and the loop run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ._project import Project
    from ._references import DecisionRef, RunRef, SnapshotRef
    from .monitoring import MonitoringPlan
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

    Each is run by the command of the same name. `train` runs those after `ingest`; the loop calls
    `ingest` and `train` when it retrains.

    Attributes:
        ingest: makes a snapshot and returns its reference.
        fit: fits the candidates on a snapshot, exports the best one, and returns its run.
        evaluate: applies the gate to the model of a run and returns the decision.
        register: registers the model that was decided about.
        train: fit, evaluate and register.

    Examples: A step of your own after the training.
        >>> from dataclasses import replace
        >>> def train(project, snapshot, *, tune=False, resume=False):
        ...     version = PIPELINE.train(project, snapshot, tune=tune, resume=resume)
        ...     print("trained version", version.version)
        ...     return version
        >>> pipeline = replace(PIPELINE, train=train)
    """

    ingest: Ingest
    fit: Fit
    evaluate: "Callable[[Project, RunRef], DecisionRef]"
    register: "Callable[[Project, DecisionRef], Version]"
    train: Train


@dataclass(frozen=True)
class Composition:
    """A project with its pipeline and its monitoring.

    The latter two are functions, so that a command imports no more than it needs: `serve` runs
    without the libraries for training and monitoring.

    Attributes:
        project: the project.
        pipeline: imports and returns the stages of `pipeline.py`.
        monitoring: imports and returns the plan of `monitoring.py`; by default the checks, actions
            and receivers of the library.

    Examples:
        >>> composition = Composition(project, pipeline=lambda: PIPELINE)
        >>> [check.__name__ for check in composition.monitoring().checks][:2]
        ['check_performance', 'check_drift']
    """

    project: "Project"
    pipeline: Callable[[], Pipeline]
    monitoring: "Callable[[], MonitoringPlan]" = _default_monitoring
