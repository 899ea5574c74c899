"""The loop put together from a project: what the commands call, handed to the state machine.

What is heavy is imported when it is due, so that a step without anything to do is quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ..bundle import read_bundle
from ..composition import Pipeline
from ..monitoring import Monitoring, monitor_project
from ..project import Project
from ..registry import Transitions
from ..run_context import RunContext
from .attempt import Attempt, Retrained
from .desk import Desk
from .machine import Loop
from .notes import ACTOR, Notes
from .trial import Ruling, Trial

# Errors beyond so many typical ones count alike in the judgement, so that a few do not decide it.
_TYPICAL_ERRORS = 3.0
# A change is looked for in so many times the rows that monitoring looks at.
_SAMPLES = 4


def make_loop(
    project: Project, pipeline: Callable[[], Pipeline], prepare: Callable[[], None] = lambda: None
) -> Loop:
    """The loop of a project.

    Args:
        project: whose models are watched and retrained.
        pipeline: imports the stages of training; called when a retraining begins.
        prepare: called before anything that takes time.
    """
    desk = Desk(project.loop_state, project.clock)
    transitions = replace(project.transitions, guard=desk.require)
    stages = _Stages(project, pipeline, transitions, prepare)
    return Loop(
        settings=project.settings,
        desk=desk,
        notes=Notes(project.journal, project.clock),
        transitions=transitions,
        clock=project.clock,
        retrain=stages.retrain,
        appoint=stages.appoint,
        monitor=stages.monitor,
        alert=stages.alert,
        watch=stages.watch,
        began=stages.began,
        hear=stages.hear,
    )


class _Stages:
    """The project's stages as the loop calls them."""

    def __init__(
        self,
        project: Project,
        pipeline: Callable[[], Pipeline],
        transitions: Transitions,
        prepare: Callable[[], None],
    ) -> None:
        self._project = project
        self._pipeline = pipeline
        self._transitions = transitions
        self._prepare = prepare

    def retrain(self, attempt: Attempt) -> Retrained:
        """Train on what is known by now; what a cut-off attempt has registered is taken up."""
        from ..registry.attempt import gate_result, registered
        from ..registry.mlflow_errors import translate_mlflow_errors

        self._prepare()
        registry = self._transitions.registry
        version = registered(registry, attempt.name) if attempt.resumed else None
        if version is None:
            project, pipeline = self._within(attempt.reason, attempt.name), self._pipeline()
            now = project.clock.now()
            with translate_mlflow_errors():
                snapshot = pipeline.ingest(
                    project, since=project.settings.loop.data.since(now, attempt.changed), until=now
                )
                version = pipeline.train(project, snapshot)
        return Retrained(version.version, version.run_id, gate_result(registry, version))

    def appoint(self, result: Retrained, reason: str) -> None:
        """Give the role that `loop.promotion` says to a version that was cut off without one."""
        from ..registry.role import assign_role

        version = self._transitions.registry.version(result.version)
        assign_role(self._within(reason), version)

    def _within(self, reason: str, attempt: str = "") -> Project:
        """The project for stages that the loop runs, and ends if another process takes over."""
        project = self._project.within(RunContext(actor=ACTOR, reason=reason, attempt=attempt))
        project.transitions = self._transitions
        return project

    def monitor(self) -> Monitoring:
        self._prepare()
        return monitor_project(self._project)

    def alert(self, text: str) -> None:
        from ..monitoring.alerts import open_alerts

        self._prepare()
        open_alerts(self._project.settings, self._project.clock).tell(text)

    def watch(self, found: Monitoring, told: Mapping[str, str]) -> None:
        from ..monitoring.alarms import open_alarms

        open_alarms(self._project.settings, self._project.clock).watch(found, told)

    def began(self, monitoring: Monitoring, kind: str) -> datetime | None:
        """When what was found began, looked for in the window and in the one before it."""
        if not self._project.settings.loop.data.since_change:
            return None
        from .change import find_change

        project, window = self._project, monitoring.window
        return find_change(
            project.contract,
            project.log,
            since=window.since - (window.until - window.since),
            until=window.until,
            findings=[one for one in monitoring.findings if one.kind == kind and not one.slice],
            champion=project.published().champion or "",
            limit=_SAMPLES * project.settings.monitoring.sample_rows,
        )

    def hear(self, trial: Trial) -> Ruling | None:
        """What the log says of two versions on trial."""
        from .hearing import Hearing

        project = self._project
        hearing = Hearing(
            project.settings.challenge,
            project.contract,
            project.log,
            project.clock,
            self._largest_error,
        )
        return hearing.ruling(trial)

    def _largest_error(self, version: str) -> float:
        folder = self._project.bundles.fetch(version)
        typical = read_bundle(folder).manifest.metrics.get("rmse")
        return _TYPICAL_ERRORS * typical if typical else 1.0
