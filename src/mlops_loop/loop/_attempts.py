"""Attempts to retrain: begun once, resumed after an interruption, and concluded."""

from dataclasses import dataclass

from .._settings import Settings
from ._audit import LoopAuditLog
from ._lease import LostLeaseError
from ._published_state import PublishedState
from ._retraining import RetrainingRequest, RetrainingResult
from ._stages import Stages

FAILED = "retrain_failed"


@dataclass(frozen=True)
class RetrainingAttempts:
    """Trains versions, and records the outcome of each."""

    settings: Settings
    audit: LoopAuditLog
    stages: Stages
    state: PublishedState

    def begin(self, reason: str) -> None:
        """Record that a retraining begins, and run it."""
        state, now = self.state.lease.state, self.state.clock.now()
        counted = (now,) if state.champion else ()  # the first model is not a retraining
        recent = [begun for begun in state.retrained if now - begun < self.settings.loop.period]
        self.state.lease.save(
            phase="retraining",
            since=now,
            reason=reason,
            due=None,
            retrained=(*recent, *counted),
            monitored_until=state.monitored_until or now,
        )
        self.run()

    def run(self, *, resumed: bool = False) -> None:
        """Run the attempt that has begun."""
        state = self.state.lease.state
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
                self.state.lease.require()
                self.stages.assign_role(result, state.reason)
        except LostLeaseError:
            raise
        except Exception as error:
            self._fail(name, f"the retraining failed: {error}")
            raise
        self._conclude(result)

    def _fail(self, attempt: str, message: str) -> None:
        """Record a failure; while the state cannot be reached, the attempt stays open instead."""
        self.state.lease.require()
        self.audit.record_once(FAILED, message, attempt=attempt)
        failures = self.state.lease.state.consecutive_failures + 1
        self.state.settle(message, consecutive_failures=failures)

    def _conclude(self, result: RetrainingResult) -> None:
        version, published = result.version, self.state.published
        if result.gate.passed and version in (published.champion, published.challenger):
            self.state.settle(consecutive_failures=0)
            return
        is_first = published.champion is None
        waiting = self.state.transitions.features_digest if is_first else ""
        details = {"version": version, "run_id": result.run_id, **result.gate.metrics}
        message = f"version {version}: {result.gate.summary()}"
        if result.gate.passed and not result.gate.same_as:
            message += f" To continue, run `challenge {version}` or `promote {version}`."
            self.audit.record_once("waiting", message, **details)
            self.stages.alert(message)
            self.state.settle(message, waiting=waiting, consecutive_failures=0)
            return
        kind = "unchanged" if result.gate.passed else "gate_rejected"
        self.audit.record_once(kind, message, **details)
        state = self.state.lease.state
        # A rejected first model counts, so that the next one waits for the cooldown.
        counted = (self.state.clock.now(),) if is_first else ()
        self.state.settle(
            message,
            waiting=waiting,
            consecutive_failures=state.consecutive_failures + 1,
            retrained=(*state.retrained, *counted),
        )
