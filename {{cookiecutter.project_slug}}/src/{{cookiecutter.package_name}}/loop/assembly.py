"""The loop put together from a project: what the commands call, handed to the state machine."""

from ..data.ingestion import ingest
from ..monitoring import monitor_project
from ..monitoring.alerts import open_alerts
from ..project import LOOP_STATE, Project
from ..training import train_project
from .machine import ACTOR, Loop, Retrained
from .sqlite_state import SqliteStateStore


def make_loop(project: Project) -> Loop:
    """The loop of a project."""
    settings = project.settings

    def retrain(reason: str) -> Retrained:
        ingest(settings, project.contract, log=project.log, until=project.clock.now())
        result = train_project(project, actor=ACTOR, reason=reason)
        return Retrained(
            version=result.version,
            run_id=result.run_id,
            passed=result.gate.passed,
            sentence=result.gate.sentence(),
            figures=dict(result.gate.figures),
        )

    return Loop(
        settings=settings,
        contract=project.contract,
        log=project.log,
        states=SqliteStateStore(settings.path(LOOP_STATE)),
        journal=project.journal,
        transitions=project.transitions,
        clock=project.clock,
        published=project.published,
        retrain=retrain,
        monitor=lambda: monitor_project(project),
        alert=open_alerts(settings),
    )
