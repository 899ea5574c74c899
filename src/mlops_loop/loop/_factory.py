"""Builds the controller of the loop from a project."""

from collections.abc import Callable
from dataclasses import replace

from .._composition import Pipeline
from .._project import Project
from ..monitoring import MonitoringPlan
from ._audit import LoopAuditLog
from ._controller import RetrainingController
from ._lease import LeaseHolder
from ._project_stages import ProjectStages


def make_controller(
    project: Project,
    pipeline: Callable[[], Pipeline],
    plan: MonitoringPlan,
    prepare: Callable[[], None] = lambda: None,
    *,
    retrains: bool = True,
) -> RetrainingController:
    """Build the controller of the loop; its method `step` monitors once and acts on the result.

    A challenger is compared with the champion on labelled predictions by a group-sequential test
    that is valid at every look (O'Brien & Fleming, "A Multiple Testing Procedure for Clinical
    Trials", Biometrics 35, 1979).

    Args:
        project: the project.
        pipeline: imports and returns the stages; called when a retraining begins.
        plan: the checks, actions and receivers.
        prepare: called before work that takes long, e.g. to configure libraries.
        retrains: whether a step retrains; if not, it leaves a retraining to the next step.

    Examples:
        >>> controller = make_controller(project, lambda: PIPELINE, MonitoringPlan())
        >>> controller.step().monitoring.window.rows
        0
    """
    lease = LeaseHolder(project.loop_state, project.clock)
    transitions = replace(project.transitions, guard=lease.require)
    return RetrainingController(
        settings=project.settings,
        lease=lease,
        audit=LoopAuditLog(project.audit_log, project.clock),
        transitions=transitions,
        clock=project.clock,
        stages=ProjectStages(project, pipeline, plan, transitions, prepare),
        actions=plan.actions,
        retrains=retrains,
    )
