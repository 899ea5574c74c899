"""The loop put together from a project: what the commands call, handed to the state machine."""

from ..bundle import read_bundle
from ..data.ingestion import ingest
from ..monitoring import monitor_project
from ..monitoring.alerts import open_alerts
from ..project import LOOP_STATE, Project
from ..training import train_project
from .machine import ACTOR, Loop, Retrained
from .sqlite_state import SqliteStateStore

# Errors beyond so many typical ones count alike in the judgement, so that a few do not decide it.
_TYPICAL_ERRORS = 3.0


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

    def largest_error(version: str) -> float:
        typical = read_bundle(project.bundles.fetch(version)).manifest.metrics.get("rmse")
        return _TYPICAL_ERRORS * typical if typical else 1.0

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
        largest_error=largest_error,
    )
