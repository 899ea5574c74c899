"""The command line: the library's commands, and your own.

A command imports the parts of the project that it needs: so `--help` is quick, and `serve` runs
where the libraries for training are not installed.
"""

from typing import TYPE_CHECKING

from mlops_loop import Composition
from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop.monitoring import MonitoringPlan
    from mlops_loop.pipeline import Pipeline


def load_pipeline() -> "Pipeline":
    """The stages of training."""
    from .pipeline import PIPELINE

    return PIPELINE


def load_monitoring() -> "MonitoringPlan":
    """The checks, actions and receivers."""
    from .monitoring import MONITORING

    return MONITORING


def load() -> Composition:
    """What the commands work on: the project, with its pipeline and monitoring."""
    from .project import project

    return Composition(project, load_pipeline, load_monitoring)


cli = command_line(load)
