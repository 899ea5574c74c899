"""A loop with everything around it in one folder: real transitions, no MLflow and no training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mlops_loop._run_context import RunContext
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.evaluation._gate_result import GateResult
from mlops_loop.loop._audit import LoopAuditLog
from mlops_loop.loop._challenger_evaluation import decide_trial
from mlops_loop.loop._challenger_trial import Trial, TrialDecision
from mlops_loop.loop._controller import RetrainingController
from mlops_loop.loop._retraining import RetrainingRequest, RetrainingResult
from mlops_loop.loop._step import Step
from mlops_loop.loop._training_growth import TrainingGrowth
from mlops_loop.monitoring import Action, Finding, Incident, MonitoringReport, Window
from mlops_loop.registry._role import apply_role, choose_role

from .loop_folder import CONTRACT, LoopFolder

DAY = timedelta(days=1)
DRIFT = Finding("drift", "wind_speed drifted", column="wind_speed", value=0.4, threshold=0.1)


@dataclass
class World(LoopFolder):
    """A loop, its folder and its stages.

    found: what monitoring says. warned: what the daily look says. passes: whether the gate lets a
    retrained version pass. hold: why one that passed is not promoted. same_as: the champion that it
    is identical to. changed: when the change that monitoring found began. growth: of the history to
    train on. actions: the project's own, by kind of finding.
    """

    found: MonitoringReport | None = None
    warned: MonitoringReport | None = None
    passes: bool = True
    hold: str = ""
    same_as: str = ""
    changed: datetime | None = None
    growth: TrainingGrowth | None = None
    actions: dict[str, Action] = field(default_factory=dict)
    alerts: list[str] = field(default_factory=list)
    retrainings: list[RetrainingRequest] = field(default_factory=list)
    before_training: Callable[[], None] = lambda: None

    def loop(self, *, retrains: bool = True) -> RetrainingController:
        return RetrainingController(
            settings=self.settings,
            lease=self.lease,
            audit=LoopAuditLog(self.audit_log, self.clock),
            transitions=replace(self.transitions, guard=self.lease.require),
            clock=self.clock,
            stages=self,
            actions=self.actions,
            retrains=retrains,
        )

    def step(self, *, retrains: bool = True) -> Step:
        return self.loop(retrains=retrains).step()

    def find(
        self,
        *,
        drift: bool = False,
        quality: bool = False,
        performance: str = "ok",
        findings: tuple[Finding, ...] = (),
    ) -> None:
        """What monitoring will say of the window that ends now."""
        now = self.clock.now()
        statuses: dict[str, Any] = {
            "drift": "failed" if drift else "ok",
            "quality": "failed" if quality else "ok",
            "performance": "failed" if performance == "worse" else performance,
        }
        statuses |= {finding.kind: "failed" for finding in findings if finding.kind not in statuses}
        window = Window(now - 30 * DAY, now, 100, 100)
        self.found = MonitoringReport(window, statuses, findings)

    def drift(self, performance: str = "ok") -> None:
        """One column has drifted, says monitoring."""
        self.find(drift=True, findings=(DRIFT,), performance=performance)

    def retrain(self, attempt: RetrainingRequest) -> RetrainingResult:
        made = [one for one in self.registry.versions() if one.tags["attempt"] == attempt.name]
        if made and attempt.resumed:
            passed, version = made[0].tags["gate"] == "passed", made[0].version
        else:
            self.retrainings.append(attempt)
            self.before_training()
            version, passed = self.register(passes=self.passes, attempt=attempt.name), self.passes
        hold, same_as = self.hold or self.same_as, self.same_as
        messages = ("log_loss is 0.4.",)
        gate = GateResult(passed, messages, {"score": 0.4}, hold=hold, same_as=same_as)
        return RetrainingResult(version, f"run-{version}", gate)

    def assign_role(self, result: RetrainingResult, reason: str) -> None:
        published = self.transitions.published()
        if result.version not in (published.champion, published.challenger):
            role = choose_role(self.settings, published, result.gate)
            transitions = replace(self.transitions, guard=self.lease.require)
            context = RunContext("loop", reason)
            if role is not None:
                apply_role(result.version, role, result.gate, self.settings, transitions, context)

    def monitor(self) -> MonitoringReport:
        if self.found is None:
            self.find()
        assert self.found is not None
        return self.found

    def early_warning(self) -> MonitoringReport | None:
        return self.warned

    def record_decision(self, report: MonitoringReport, decision: str) -> MonitoringReport:
        return replace(report, advice=decision)

    def track_alerts(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        for text in messages.values():
            self.alert(text)

    def alert(self, text: str) -> None:
        self.fuse()
        self.alerts.append(text)

    def change_started_at(self, incident: Incident) -> datetime | None:
        return self.changed

    def training_growth(self) -> TrainingGrowth | None:
        return self.growth

    def decide_trial(self, trial: Trial) -> TrialDecision | None:
        return decide_trial(
            trial,
            self.settings.challenge,
            parse_contract(CONTRACT),
            self.log,  # type: ignore[arg-type]
            self.clock.now(),
        )
