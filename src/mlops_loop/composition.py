"""What a project hands to the command line: itself, its pipeline and its monitoring."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .project import Project

if TYPE_CHECKING:
    from .monitoring import MonitoringPlan


def _default_monitoring() -> "MonitoringPlan":
    from .monitoring import MonitoringPlan

    return MonitoringPlan()


@dataclass(frozen=True)
class Composition:
    """A project with its pipeline and its monitoring.

    Attributes:
        project: what serving needs.
        pipeline: imports the stages of training; None for the library's own.
        monitoring: imports the checks, actions and receivers; by default those of the library.

    The latter two are functions, so that a command imports no more than it needs: `serve` runs
    without the libraries that training and monitoring take.

    Example:
        >>> from mlops_loop import FeatureSet, Project
        >>> composition = Composition(Project("/srv/demo", package="demo", features=FeatureSet()))
        >>> composition.monitoring().receivers
        ()
    """

    project: Project
    pipeline: Callable[[], Any] | None = None
    monitoring: Callable[[], "MonitoringPlan"] = _default_monitoring
