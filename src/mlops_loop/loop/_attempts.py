"""Attempts to retrain: begun once, resumed after an interruption, and concluded."""

from dataclasses import dataclass
from datetime import datetime

from .._settings import Settings
from ._audit import LoopAuditLog
from ._lease import LostLeaseError
from ._phase_tracker import PhaseTracker
from ._retraining import RetrainingRequest, RetrainingResult
from ._stages import Stages

FAILED = "retrain_failed"


@dataclass(frozen=True)
class RetrainingAttempts:
    """Trains versions, and records the outcome of each."""

    settings: Settings
    audit: LoopAuditLog
    stages: Stages
    phases: PhaseTracker

    def begin(self, reason: str, grown_until: datetime | None = None) -> None:
        """Record that a retraining begins, and run it.

        Args:
            reason: why it begins.
            grown_until: if more rows are the reason, their latest event time.
        """
        state, now = self.phases.lease.state, self.phases.clock.now()
        counted = (now,) if state.champion else ()  # the first model is not a retraining
        recent = [begun for begun in state.retrained if now - begun < self.settings.loop.period]
        self.phases.lease.save(
            phase="retraining",
            since=now,
            reason=reason,
            due=None,
            retrained=(*recent, *counted),
            grown_until=grown_until or state.grown_until,
            monitored_until=state.monitored_until or now,
        )
        self.run()

    def run(self, *, resumed: bool = False) -> None:
        """Run the attempt that has begun."""
        state = self.phases.lease.state
        assert state.since is not None
        name = state.since.isoformat()
        if failed := self.audit.find(FAILED, attempt=name):
            self._fail(name, failed[0].reason)  # recorded before it was interrupted
            return
        rows_since = {"rows_since": state.changed.isoformat()} if state.changed else {}
        self.audit.record_once("retrain", state.reason, attempt=name, **rows_since)
        try:
            result = self.stages.retrain(
                RetrainingRequest(name, state.reason, resumed, state.changed)
            )
            if result.gate.passed:
                self.phases.lease.require()
                self.stages.assign_role(result, state.reason)
        except LostLeaseError:
            raise
        except Exception as error:
            self._fail(name, f"the retraining failed: {error}")
            raise
        self._conclude(result)

    def _fail(self, attempt: str, message: str) -> None:
        """Record a failure; while the state cannot be reached, the attempt stays open instead."""
        self.phases.lease.require()
        self.audit.record_once(FAILED, message, attempt=attempt)
        failures = self.phases.lease.state.consecutive_failures + 1
        self.phases.settle(message, consecutive_failures=failures)

    def _conclude(self, result: RetrainingResult) -> None:
        version, published = result.version, self.phases.published
        if result.gate.passed and version in (published.champion, published.challenger):
            self.phases.settle(consecutive_failures=0)
            return
        is_first = published.champion is None
        waiting = self.phases.transitions.features_digest if is_first else ""
        details = {"version": version, "run_id": result.run_id, **result.gate.metrics}
        message = f"version {version}: {result.gate.summary()}"
        if result.gate.passed and not result.gate.same_as:
            message += f" To continue, run `challenge {version}` or `promote {version}`."
            self.audit.record_once("waiting", message, **details)
            self.stages.alert(message)
            self.phases.settle(message, waiting=waiting, consecutive_failures=0)
            return
        kind = "unchanged" if result.gate.passed else "gate_rejected"
        self.audit.record_once(kind, message, **details)
        state = self.phases.lease.state
        # A rejected first model counts, so that the next one waits for the cooldown.
        counted = (self.phases.clock.now(),) if is_first else ()
        self.phases.settle(
            message,
            waiting=waiting,
            consecutive_failures=state.consecutive_failures + 1,
            retrained=(*state.retrained, *counted),
        )
