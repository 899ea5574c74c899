"""The loop put together from a project: what the commands call, handed to the state machine.

What is heavy is imported when it is due, so that a step without anything to do is quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ..bundle import read_bundle
from ..monitoring import Incident, MonitoringPlan, MonitoringReport, monitor_project
from ..project import Project
from ..registry import Transitions
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
    project: Project, plan: MonitoringPlan, prepare: Callable[[], None] = lambda: None
) -> Loop:
    """The loop of a project.

    Args:
        project: whose models are watched and retrained.
        plan: the checks, actions and receivers.
        prepare: called before anything that takes time.
    """
    desk = Desk(project.loop_state, project.clock)
    transitions = replace(project.transitions, guard=desk.require)
    stages = _Stages(project, plan, transitions, prepare)
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
        actions=plan.actions,
    )


class _Stages:
    """The project's stages as the loop calls them."""

    def __init__(
        self,
        project: Project,
        plan: MonitoringPlan,
        transitions: Transitions,
        prepare: Callable[[], None],
    ) -> None:
        self._project = project
        self._plan = plan
        self._transitions = transitions
        self._prepare = prepare

    def retrain(self, attempt: Attempt) -> Retrained:
        """Train on what is known by now; what a cut-off attempt has registered is taken up."""
        from ..data.ingestion import ingest
        from ..training import train_project
        from ..training.attempt import registered

        self._prepare()
        project = self._project
        found = registered(self._transitions.registry, attempt.name) if attempt.resumed else None
        if found is not None:
            version, gate = found
            return Retrained(version.version, version.run_id, gate)
        now = project.clock.now()
        ingested = ingest(
            project.settings,
            project.contract,
            log=project.log,
            since=project.settings.loop.data.since(now, attempt.changed),
            until=now,
        )
        result = train_project(
            project,
            snapshot=ingested.snapshot,
            actor=ACTOR,
            reason=attempt.reason,
            as_challenger=False,
            attempt=attempt.name,
        )
        return Retrained(result.version, result.run_id, result.gate)

    def appoint(self, result: Retrained, reason: str) -> None:
        """Give the role that `loop.promotion` says; a version that has one keeps it."""
        from ..training.role import give_role

        published = self._transitions.published()
        if result.version in (published.champion, published.challenger):
            return
        give_role(
            result.version,
            result.gate,
            self._project.settings,
            self._transitions,
            actor=ACTOR,
            reason=reason,
        )

    def monitor(self) -> MonitoringReport:
        self._prepare()
        return monitor_project(self._project, checks=self._plan.checks)

    def alert(self, text: str) -> None:
        from ..monitoring.alerts import open_alerts

        self._prepare()
        open_alerts(self._project, self._plan.receivers).send(text)

    def watch(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        from ..monitoring.alert_state import open_alert_tracker
        from ..monitoring.alerts import open_alerts

        alerts = open_alerts(self._project, self._plan.receivers)
        open_alert_tracker(self._project, alerts).update(report, messages)

    def began(self, incident: Incident) -> datetime | None:
        """When what was found began, looked for in the window and in the one before it."""
        if not self._project.settings.loop.data.since_change:
            return None
        from .change import find_change

        project, window = self._project, incident.report.window
        return find_change(
            project.contract,
            project.log,
            since=window.since - (window.until - window.since),
            until=window.until,
            findings=incident.findings,
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
