"""The state machine of the loop: monitor, retrain, challenge, promote or reject.

    steady ── finding ──> triggered ──> retraining ── rejected by the gate ─> steady
                              │              │
                              │        challenging ── rejected ──> steady
                              │              │
                              │        promoted: probation ── confirmed ──> steady
                              │              │
                              └────────> rolled back ──> steady

It calls the stages without knowing their logic, and the phase follows from what is published
(`PhaseTracker`). `FindingsResponse` decides what a finding triggers, `RetrainingAttempts` trains.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from .._champion import other_target
from .._clock import Clock
from .._settings import Settings
from ..monitoring import Action, MonitoringReport
from ..monitoring._incidents import find_incidents
from ..registry._transitions import Transitions
from ._attempts import RetrainingAttempts
from ._audit import ACTOR, LoopAuditLog
from ._challenger_trial import Trial
from ._lease import LeaseHolder, LostLeaseError
from ._outlook import outlook
from ._phase_tracker import PhaseTracker
from ._policy import cooldown_reason
from ._response import FindingsResponse
from ._stages import Stages
from ._state import Lease
from ._step import Step

_DAY = timedelta(days=1)


@dataclass
class RetrainingController:
    """The loop; its collaborators are passed in.

    Attributes:
        stages: what the loop runs.
        actions: actions by kind of finding; `actions` of the settings apply to other kinds.
        retrains: whether a step retrains; if not, it leaves a retraining to the next step.
    """

    settings: Settings
    lease: LeaseHolder
    audit: LoopAuditLog
    transitions: Transitions
    clock: Clock
    stages: Stages
    actions: Mapping[str, Action] = field(default_factory=dict)
    retrains: bool = True
    _due: str = field(default="", init=False)

    def step(self) -> Step:
        """Do what is due, and return the result."""
        with self.lease.acquire() as other:
            done = self._step_with_lease(other)
        return done

    def _step_with_lease(self, other: Lease | None) -> Step:
        """One step, unless another process holds the lease."""
        if other is not None:
            return Step((), idle=f"another process is running the loop: {other.holder}")
        if self.lease.state.paused:
            return Step((), idle="the loop is paused: run `loop resume`")
        known, self._due = len(self.audit.completed()), ""
        try:
            monitoring = self._step()
        except LostLeaseError:
            idle = "another process has taken over the loop"
            return Step(self.audit.completed()[known:], idle=idle)
        upcoming = outlook(self.lease.state, self.settings, self.clock.now())
        return Step(self.audit.completed()[known:], monitoring, outlook=upcoming, due=self._due)

    def _step(self) -> MonitoringReport | None:
        self._phases.follow()
        state = self.lease.state
        if state.phase == "triggered":
            self._act()
            return None
        if state.phase == "retraining":
            self._resume_retraining()
            return None
        if state.champion is None:
            if not self._waits_with_first_model():
                self._retrain(self._no_champion())
            return None
        if state.challenger is not None:
            self._judge()
        monitoring = None
        if self._is_monitoring_due():
            monitoring = self._respond(self.stages.monitor(), monitored_until=self.clock.now())
        else:
            self._look_for_early_warning()
        self._retrain_on_growth()
        return monitoring

    def _is_monitoring_due(self) -> bool:
        last = self.lease.state.monitored_until
        return last is None or self.clock.now() - last >= self.settings.monitoring.window

    def _look_for_early_warning(self) -> None:
        """Once a day between two windows; after a warning, the next window decides first."""
        state, now = self.lease.state, self.clock.now()
        if now < (state.next_look or (state.monitored_until or now) + _DAY):
            return
        report = self.stages.early_warning()
        if report is None:
            return
        if not find_incidents(report):
            self.lease.save(next_look=now + _DAY)
        else:
            self._respond(report, next_look=now + self.settings.monitoring.window)

    def _respond(self, report: MonitoringReport, **seen: datetime) -> MonitoringReport:
        """Alert about the findings, and act on them once the decision is recorded."""
        report = self._response.respond(report, **seen)
        if self.lease.state.phase == "triggered":
            self._act()
        return report

    def _act(self) -> None:
        """Carry out the triggered transition, once."""
        state = self.lease.state
        if state.due == "retrain":
            self._retrain(state.reason)
            return
        if self._phases.published.champion == state.champion and self.transitions.previous():
            self.transitions.rollback(actor=ACTOR, reason=state.reason)
        self._phases.settle()

    def _retrain(self, reason: str, grown_until: datetime | None = None) -> None:
        """Begin a retraining, or leave it to the next step."""
        if self.retrains:
            self._attempts.begin(reason, grown_until)
        else:
            self._due = reason

    def _resume_retraining(self) -> None:
        """Resume an interrupted retraining, or leave it to the next step."""
        if self.retrains:
            self._attempts.run(resumed=True)
        else:
            self._due = self.lease.state.reason

    def _retrain_on_growth(self) -> None:
        """Retrain because there is much more to train on, if nothing else is going on."""
        state, settings, now = self.lease.state, self.settings.loop, self.clock.now()
        if settings.growth is None or state.phase != "steady":
            return
        if cooldown_reason(state, settings, now) is not None:
            return
        growth = self.stages.training_growth()
        if growth is not None and growth.reaches(settings.growth, state.grown_until):
            self._retrain(growth.reason(settings.growth), growth.until)

    def _judge(self) -> None:
        """Carry out the decision about the versions on trial, if there is one yet."""
        trial = Trial.of(self._phases.published, self.lease.state.since or self.clock.now())
        decision = None if trial is None else self.stages.decide_trial(trial)
        if trial is None or decision is None:
            return
        arguments: dict[str, Any] = {
            "actor": ACTOR,
            "reason": decision.reason,
            "details": decision.details,
        }
        if decision.transition == "promote":
            self.transitions.promote(trial.challenger, **arguments)
        elif decision.transition == "reject":
            self.transitions.reject(trial.challenger, **arguments)
        elif decision.transition == "confirm":
            self.transitions.confirm(**arguments)
        else:
            self.stages.alert(decision.reason)
            self.transitions.rollback(**arguments)
        self._phases.settle()

    def _waits_with_first_model(self) -> bool:
        """Whether the first version for these features waits: for a user, or after a rejection."""
        state = self.lease.state
        if state.waiting != self.transitions.features_digest:
            return False
        if not state.consecutive_failures:
            return True
        return cooldown_reason(state, self.settings.loop, self.clock.now()) is not None

    def _no_champion(self) -> str:
        reason = other_target(self.transitions.store, self.transitions.contract)
        return reason or "there is no champion yet"

    @cached_property
    def _phases(self) -> PhaseTracker:
        return PhaseTracker(self.lease, self.transitions, self.clock)

    @cached_property
    def _attempts(self) -> RetrainingAttempts:
        return RetrainingAttempts(self.settings, self.audit, self.stages, self._phases)

    @cached_property
    def _response(self) -> FindingsResponse:
        return FindingsResponse(self.settings, self.audit, self.stages, self._phases, self.actions)
