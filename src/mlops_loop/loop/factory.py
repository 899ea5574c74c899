"""The loop put together from a project: what the commands call, handed to the state machine.

What is heavy is imported when it is due, so that a step without anything to do is quick.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ..bundle import read_bundle
from ..composition import Pipeline
from ..monitoring import Incident, MonitoringPlan, MonitoringReport, monitor_project
from ..project import Project
from ..registry.transitions import Transitions
from ..run_context import RunContext
from .audit import ACTOR, LoopAuditLog
from .challenger_trial import Trial, TrialDecision
from .controller import RetrainingController
from .lease import LeaseHolder
from .retraining import RetrainingRequest, RetrainingResult

# Errors beyond so many typical ones count alike in the judgement, so that a few do not decide it.
_TYPICAL_ERRORS = 3.0
# A change is looked for in so many times the rows that monitoring looks at.
_SAMPLES = 4


def make_controller(
    project: Project,
    pipeline: Callable[[], Pipeline],
    plan: MonitoringPlan,
    prepare: Callable[[], None] = lambda: None,
) -> RetrainingController:
    """The loop of a project.

    Args:
        project: whose models are watched and retrained.
        pipeline: imports the stages of training; called when a retraining begins.
        plan: the checks, actions and receivers.
        prepare: called before anything that takes time.
    """
    lease = LeaseHolder(project.loop_state, project.clock)
    transitions = replace(project.transitions, guard=lease.require)
    stages = _Stages(project, pipeline, plan, transitions, prepare)
    return RetrainingController(
        settings=project.settings,
        lease=lease,
        audit=LoopAuditLog(project.audit_log, project.clock),
        transitions=transitions,
        clock=project.clock,
        retrain=stages.retrain,
        assign_role=stages.assign_role,
        monitor=stages.monitor,
        alert=stages.alert,
        track_alerts=stages.track_alerts,
        change_started_at=stages.change_started_at,
        evaluate_challenger=stages.evaluate_challenger,
        actions=plan.actions,
    )


class _Stages:
    """The project's stages as the loop calls them."""

    def __init__(
        self,
        project: Project,
        pipeline: Callable[[], Pipeline],
        plan: MonitoringPlan,
        transitions: Transitions,
        prepare: Callable[[], None],
    ) -> None:
        self._project = project
        self._pipeline = pipeline
        self._plan = plan
        self._transitions = transitions
        self._prepare = prepare

    def retrain(self, attempt: RetrainingRequest) -> RetrainingResult:
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
                    project,
                    since=project.settings.loop.training_window.since(now, attempt.changed),
                    until=now,
                )
                version = pipeline.train(project, snapshot)
        return RetrainingResult(version.version, version.run_id, gate_result(registry, version))

    def assign_role(self, result: RetrainingResult, reason: str) -> None:
        """Give the role that `loop.promotion` says to a version that was cut off without one."""
        from ..registry.role import assign_role

        version = self._transitions.registry.version(result.version)
        assign_role(self._within(reason), version)

    def _within(self, reason: str, attempt: str = "") -> Project:
        """The project for stages that the loop runs, and ends if another process takes over."""
        project = self._project.within(RunContext(actor=ACTOR, reason=reason, attempt=attempt))
        project.transitions = self._transitions
        return project

    def monitor(self) -> MonitoringReport:
        self._prepare()
        return monitor_project(self._project, checks=self._plan.checks, metric=self._plan.metric)

    def alert(self, text: str) -> None:
        from ..monitoring.alerts import open_alerts

        self._prepare()
        open_alerts(self._project, self._plan.receivers).send(text)

    def track_alerts(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        from ..monitoring.alert_state import open_alert_tracker
        from ..monitoring.alerts import open_alerts

        alerts = open_alerts(self._project, self._plan.receivers)
        open_alert_tracker(self._project, alerts).update(report, messages)

    def change_started_at(self, incident: Incident) -> datetime | None:
        """When what was found began, looked for in the window and in the one before it."""
        if not self._project.settings.loop.training_window.since_change:
            return None
        from .change_point import detect_change_point

        project, window = self._project, incident.report.window
        return detect_change_point(
            project.contract,
            project.log,
            since=window.since - (window.until - window.since),
            until=window.until,
            findings=incident.findings,
            champion=project.published().champion or "",
            limit=_SAMPLES * project.settings.monitoring.sample_rows,
        )

    def evaluate_challenger(self, trial: Trial) -> TrialDecision | None:
        """What the log says of two versions on trial."""
        from .challenger_evaluation import ChallengerEvaluator

        project = self._project
        hearing = ChallengerEvaluator(
            project.settings.challenge,
            project.contract,
            project.log,
            project.clock,
            self._largest_error,
        )
        return hearing.decision(trial)

    def _largest_error(self, version: str) -> float:
        folder = self._project.bundles.fetch(version)
        typical = read_bundle(folder).manifest.metrics.get("rmse")
        return _TYPICAL_ERRORS * typical if typical else 1.0
