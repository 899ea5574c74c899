"""The state machine of the loop: monitor, retrain, challenge, promote or reject.

    steady ── finding ──> triggered ──> retraining ── rejected by the gate ─> steady
                              │              │
                              │        challenging ── rejected ──> steady
                              │              │
                              │        promoted: probation ── confirmed ──> steady
                              │              │
                              └────────> rolled back ──> steady

It calls the stages without knowing their logic. The published pointer is the source of truth: after
each transition, by the loop or by a user, the phase is derived from it. So a step that was
interrupted anywhere is resumed by the next one, and manual transitions are respected.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .._champion import other_target
from .._clock import Clock
from .._publication import Rollout as Published
from .._settings import Settings
from ..monitoring import Action, MonitoringReport
from ..monitoring._incidents import find_incidents
from ..registry._transitions import Transitions
from ._audit import ACTOR, LoopAuditLog
from ._challenger_trial import Trial
from ._lease import LeaseHolder, LostLeaseError
from ._outlook import outlook
from ._policy import ActionTable, Due, cooldown_reason
from ._retraining import RetrainingRequest, RetrainingResult
from ._stages import Stages
from ._state import Lease, phase_of
from ._step import Step

_DAY = timedelta(days=1)


@dataclass
class RetrainingController:
    """The loop; its collaborators are passed in.

    Attributes:
        stages: what the loop runs.
        actions: actions by kind of finding; `actions` of the settings apply to other kinds.
    """

    settings: Settings
    lease: LeaseHolder
    audit: LoopAuditLog
    transitions: Transitions
    clock: Clock
    stages: Stages
    actions: Mapping[str, Action] = field(default_factory=dict)

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
        known = len(self.audit.completed())
        try:
            monitoring = self._step()
        except LostLeaseError:
            idle = "another process has taken over the loop"
            return Step(self.audit.completed()[known:], idle=idle)
        upcoming = outlook(self.lease.state, self.settings, self.clock.now())
        return Step(self.audit.completed()[known:], monitoring, outlook=upcoming)

    def _step(self) -> MonitoringReport | None:
        if self.transitions.is_open():
            self.transitions.reconcile()
        self._follow()
        state = self.lease.state
        if state.phase == "triggered":
            self._act()
            return None
        if state.phase == "retraining":
            self._retrain(resumed=True)
            return None
        if state.champion is None:
            if not self._waits_with_first_model():
                self._begin(self._no_champion())
            return None
        if state.challenger is not None:
            self._judge()
        monitoring = None
        if self._is_monitoring_due():
            monitoring = self._react(self.stages.monitor(), monitored_until=self.clock.now())
        else:
            self._look_for_early_warning()
        self._retrain_on_growth()
        return monitoring

    def _retrain_on_growth(self) -> None:
        """Retrain because there is much more to train on, if nothing else is going on."""
        state, settings, now = self.lease.state, self.settings.loop, self.clock.now()
        if settings.growth is None or state.phase != "steady":
            return
        if cooldown_reason(state, settings, now) is not None:
            return
        growth = self.stages.training_growth()
        since_attempt = now - state.retrained[-1] if state.retrained else None
        if growth is not None and growth.reaches(settings.growth, since_attempt):
            self._begin(growth.reason(settings.growth))

    def _follow(self) -> None:
        """Adopt publications by a user or another process."""
        if self.lease.state.is_outdated(self._published()):
            self._settle()

    def _settle(self, reason: str | None = None, waiting: str = "", **changes: object) -> None:
        """Derive the phase from the published versions; reason and time from the audit log."""
        published, last = self._published(), self.transitions.last()
        on_trial = published.challenger is not None
        known = last is not None and (reason is None or on_trial)
        self.lease.save(
            phase=phase_of(published),
            due=None,
            changed=None,
            champion=published.champion,
            challenger=published.challenger,
            waiting=waiting,
            since=last.time if last and known else self.clock.now(),
            reason=reason or (last.reason if last else "nothing is published for these features"),
            **changes,
        )

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
            self._react(report, next_look=now + self.settings.monitoring.window)

    def _react(self, monitoring: MonitoringReport, **seen: datetime) -> MonitoringReport:
        """Alert about the findings, and act on them once the decision is recorded.

        Args:
            monitoring: the report.
            seen: `monitored_until` after a window, `next_look` after an early warning, which is
                not written over the report of the last window.

        Returns:
            The report with the decision.
        """
        state, now = self.lease.state, self.clock.now()
        incidents = find_incidents(monitoring)
        planned = ActionTable(self.settings.actions, self.actions).plan(
            incidents,
            cooldown_reason(state, self.settings.loop, now),
            self.transitions.previous(),
        )
        decisions = {action.kind: action.decision or "alert only" for action in planned}
        if planned and "monitored_until" in seen:
            text = "; ".join(f"{kind}: {decision}" for kind, decision in decisions.items())
            monitoring = self.stages.record_decision(monitoring, text)
        alerts = {
            action.kind: (
                f"{monitoring.window}: {action.cause}; decision: {decisions[action.kind]}"
            )
            for action in planned
            if action.alert
        }
        self.stages.track_alerts(monitoring, alerts)
        window = (state.monitored_until or now).isoformat()
        for action in planned:
            if action.record_as:
                self.audit.record_once(action.record_as, action.reason, window=window)
        due = next((action for action in planned if action.due), None)
        if due is None:
            self.lease.save(**seen)
            return monitoring
        changed = None
        if due.due == "retrain":
            changed = self.stages.change_started_at(
                next(incident for incident in incidents if incident.kind == due.kind)
            )
        self.lease.save(
            phase="triggered",
            since=now,
            reason=due.reason,
            due=due.due,
            changed=changed,
            **seen,
        )
        self._act()
        return monitoring

    def _act(self) -> None:
        """Carry out the triggered action, once."""
        state = self.lease.state
        due: Due | None = state.due
        if due == "retrain":
            self._begin(state.reason)
            return
        if self._published().champion == state.champion and self.transitions.previous():
            self.transitions.rollback(actor=ACTOR, reason=state.reason)
        self._settle()

    def _begin(self, reason: str) -> None:
        state, now = self.lease.state, self.clock.now()
        counted = (now,) if state.champion else ()  # the first model is not a retraining
        recent = [begun for begun in state.retrained if now - begun < self.settings.loop.period]
        self.lease.save(
            phase="retraining",
            since=now,
            reason=reason,
            due=None,
            retrained=(*recent, *counted),
            monitored_until=state.monitored_until or now,
        )
        self._retrain()

    def _retrain(self, *, resumed: bool = False) -> None:
        state = self.lease.state
        assert state.since is not None
        name = state.since.isoformat()
        rows_since = {"rows_since": state.changed.isoformat()} if state.changed else {}
        self.audit.record_once("retrain", state.reason, attempt=name, **rows_since)
        try:
            result = self.stages.retrain(
                RetrainingRequest(name, state.reason, resumed, state.changed)
            )
            if result.gate.passed:
                self.lease.require()
                self.stages.assign_role(result, state.reason)
        except LostLeaseError:
            raise
        except Exception as error:
            self._settle(
                f"the retraining failed: {error}",
                consecutive_failures=state.consecutive_failures + 1,
            )
            raise
        self._conclude(result)

    def _conclude(self, result: RetrainingResult) -> None:
        version, state, published = result.version, self.lease.state, self._published()
        details = {"version": version, "run_id": result.run_id, **result.gate.metrics}
        message = f"version {version}: {result.gate.summary()}"
        if not result.gate.passed or result.gate.same_as:
            kind = "unchanged" if result.gate.passed else "gate_rejected"
            self.audit.record_once(kind, message, **details)
            # A rejected first model counts, so that the next one waits for the cooldown.
            is_first = published.champion is None
            counted = (self.clock.now(),) if is_first else ()
            self._settle(
                message,
                waiting=self.transitions.features_digest if is_first else "",
                consecutive_failures=state.consecutive_failures + 1,
                retrained=(*state.retrained, *counted),
            )
        elif version in (published.champion, published.challenger):
            self._settle(consecutive_failures=0)
        else:
            message += f" To continue, run `challenge {version}` or `promote {version}`."
            self.audit.record_once("waiting", message, **details)
            self.stages.alert(message)
            is_first = published.champion is None
            waiting = self.transitions.features_digest if is_first else ""
            self._settle(message, waiting=waiting, consecutive_failures=0)

    def _judge(self) -> None:
        """Carry out the decision about the versions on trial, if there is one yet."""
        trial = Trial.of(self._published(), self.lease.state.since or self.clock.now())
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
        self._settle()

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

    def _published(self) -> Published:
        return self.transitions.published()
