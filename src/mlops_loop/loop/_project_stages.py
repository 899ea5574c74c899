"""The stages of a project as the loop calls them.

Heavy modules are imported when they are needed, so that a step without work takes half a second.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from .._bundle import read_bundle
from .._composition import Pipeline
from .._project import Project
from .._references import SnapshotRef
from .._run_context import RunContext
from ..monitoring import (
    Incident,
    MonitoringPlan,
    MonitoringReport,
    check_early_warning,
    monitor_project,
)
from ..registry._transitions import Transitions
from ._audit import ACTOR
from ._challenger_trial import Trial, TrialDecision
from ._latest_row import latest_row, snapshot_end
from ._retraining import RetrainingRequest, RetrainingResult
from ._training_growth import TrainingGrowth

if TYPE_CHECKING:
    from ..monitoring._daily_losses import DailyLossReader
    from ._row_loss import RowLoss

# A change point is searched in this multiple of `monitoring.sample_rows`.
_SAMPLES = 4


class ProjectStages:
    """The stages of a project as the loop calls them."""

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
        self._daily_losses: DailyLossReader | None = None

    def retrain(self, attempt: RetrainingRequest) -> RetrainingResult:
        from ..registry._attempt import gate_result, registered
        from ..registry._mlflow_errors import translate_mlflow_errors

        self._prepare()
        registry = self._transitions.registry
        version = registered(registry, attempt.name) if attempt.resumed else None
        if version is None:
            project, pipeline = self._within(attempt.reason, attempt.name), self._pipeline()
            with translate_mlflow_errors():
                version = pipeline.train(project, self._ingest(project, pipeline, attempt.changed))
        return RetrainingResult(version.version, version.run_id, gate_result(registry, version))

    def _ingest(
        self, project: Project, pipeline: Pipeline, changed: datetime | None
    ) -> SnapshotRef:
        """The snapshot of the training window."""
        window = project.settings.loop.training_window
        # Of younger rows only some labels have arrived, which are no fair sample.
        until = project.clock.now() - project.contract.label_horizon
        since = window.since(until, changed)
        if since is None or project.published().champion is not None:
            return pipeline.ingest(project, since=since, until=until)
        # The first model may be that of a table which ends long before today.
        pipeline.ingest(project, since=None, until=until)
        end = snapshot_end(project) or until
        return pipeline.ingest(project, since=window.since(end, changed), until=until)

    def assign_role(self, result: RetrainingResult, reason: str) -> None:
        from ..registry._role import assign_role

        version = self._transitions.registry.version(result.version)
        assign_role(self._within(reason), version)

    def _within(self, reason: str, attempt: str = "") -> Project:
        """The project for stages that the loop runs; they end if the lease is lost."""
        project = self._project.within(RunContext(actor=ACTOR, reason=reason, attempt=attempt))
        project.transitions = self._transitions
        return project

    def monitor(self) -> MonitoringReport:
        self._prepare()
        return monitor_project(
            self._project,
            checks=self._plan.checks,
            metric=self._plan.metric,
            actions=self._plan.actions,
        )

    def early_warning(self) -> MonitoringReport | None:
        if check_early_warning not in self._plan.checks:
            return None
        from ..monitoring._daily_losses import DailyLossReader
        from ..monitoring._early_warning_report import early_warning_report

        self._prepare()
        self._daily_losses = self._daily_losses or DailyLossReader()
        return early_warning_report(self._project, self._plan.metric, self._daily_losses)

    def record_decision(self, report: MonitoringReport, decision: str) -> MonitoringReport:
        from ..monitoring._report_files import record_decision

        return record_decision(self._project.root, self._project.contract, report, decision)

    def alert(self, text: str) -> None:
        from ..monitoring._alerts import open_alerts

        self._prepare()
        open_alerts(self._project, self._plan.receivers).send(text)

    def track_alerts(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        from ..monitoring._alert_state import open_alert_tracker
        from ..monitoring._alerts import open_alerts

        alerts = open_alerts(self._project, self._plan.receivers)
        open_alert_tracker(self._project, alerts).update(report, messages)

    def change_started_at(self, incident: Incident) -> datetime | None:
        if not self._project.settings.loop.training_window.since_change:
            return None
        from ._change_point import detect_change_point

        # Searched in this window and the one before.
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

    def training_growth(self) -> TrainingGrowth | None:
        project = self._project
        version = project.published().champion
        if version is None:
            return None
        horizon, share = project.contract.label_horizon, project.settings.loop.growth
        # Between training rows and held-out rows is a gap of the label horizon.
        left_out = project.settings.training.holdout + horizon
        now = project.clock.now() - horizon
        manifest = read_bundle(project.bundles.fetch(version)).manifest
        growth = TrainingGrowth.of(manifest, now - left_out)
        if growth is None or share is None or not growth.reaches(share):
            return growth
        # The clock is only a limit: a table may end long before, and then nothing was added.
        reached = latest_row(project, since=growth.trained_until + left_out, until=now)
        return TrainingGrowth.of(manifest, reached - left_out)

    def decide_trial(self, trial: Trial) -> TrialDecision | None:
        from ._challenger_evaluation import decide_trial

        project = self._project
        return decide_trial(
            trial,
            project.settings.challenge,
            project.contract,
            project.log,
            project.clock.now(),
            loss=self._loss(trial.champion),
        )

    def _loss(self, version: str) -> "RowLoss":
        """The loss that belongs to the metric of monitoring, else to that of the model."""
        from ._row_loss import row_loss

        contract = self._project.contract
        manifest = read_bundle(self._project.bundles.fetch(version)).manifest
        metric = self._plan.metric
        name = manifest.metric if metric is None else metric.for_problem(contract.problem).name
        return row_loss(name, contract.classes)
