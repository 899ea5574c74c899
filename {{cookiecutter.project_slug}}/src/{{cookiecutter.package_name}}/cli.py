"""The command line: the library's commands, and your own."""

from typing import TYPE_CHECKING

from mlops_loop.cli import command_line

if TYPE_CHECKING:
    from mlops_loop import Composition
    from mlops_loop.monitoring import MonitoringPlan
    from mlops_loop.pipeline import Pipeline


def load() -> "Composition":
    """Import the project; called when a command runs, so that `--help` is quick."""
    from mlops_loop import Composition

    from .project import project

    return Composition(project, pipeline=load_pipeline, monitoring=load_monitoring)


def load_pipeline() -> "Pipeline":
    """Import the pipeline; called by the commands that train."""
    from .pipeline import PIPELINE

    return PIPELINE


def load_monitoring() -> "MonitoringPlan":
    """Import the monitoring; called by the commands that need it."""
    from .monitoring import MONITORING

    return MONITORING


cli = command_line(load)
