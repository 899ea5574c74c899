"""The state machine that closes the loop: watch, retrain, challenge, promote or reject.

    steady ── a finding whose action is retrain ──> retraining ── refused by the gate ──> steady
                                                        │
                             steady <── promoted ── challenging ── rejected ──> steady

It holds no logic of the stages it calls. Every step ends with a conditional write of the
state, so a step that is repeated or run twice at once changes nothing twice.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from ..clock import Clock
from ..contract import Contract
from ..journal import Entry, Journal
from ..monitoring import Monitoring
from ..prediction_log import PredictionLog
from ..publication import Entry as Published
from ..registry import Transitions
from ..settings import Settings
from .judge import Judgement, judge
from .reasons import reasons
from .state import Phase, State, StateStore

ACTOR = "loop"
YEAR = timedelta(days=365)
# A retraining that was begun so long ago and left no result was cut off.
RETRAINING_LEASE = timedelta(hours=2)


@dataclass(frozen=True)
class Retrained:
    """What a retraining came to: the version, and the gate's verdict in words and figures."""

    version: str
    run_id: str
    passed: bool
    sentence: str
    figures: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What one step did: the journal's new entries, and what monitoring found if it was due."""

    entries: tuple[Entry, ...]
    monitoring: Monitoring | None = None


@dataclass
class Loop:
    """The loop with everything it decides about, handed in."""

    settings: Settings
    contract: Contract
    log: PredictionLog
    states: StateStore
    journal: Journal
    transitions: Transitions
    clock: Clock
    published: Callable[[], Published]
    retrain: Callable[[str], Retrained]
    monitor: Callable[[], Monitoring]
    alert: Callable[[str], None]
    largest_error: Callable[[str], float]

    def step(self) -> Step:
        """Do whatever is due now, and say what was done."""
        known = len(list(self.journal.done()))
        monitoring = None
        with suppress(LostRaceError):
            monitoring = self._step()
        return Step(tuple(self.journal.done())[known:], monitoring)

    def _step(self) -> Monitoring | None:
        state, revision = self.states.load()
        if state.paused or self._is_leased(state):
            return None
        if self.published().champion is None:
            self._retrain(state, revision, "there is no champion yet")
            return None
        if state.phase == "retraining":
            self._retrain(state, revision, f"taken up again: {state.reason}")
            return None
        if state.phase == "steady" and (challenger := self.published().challenger):
            state = self._move(state, "challenging", f"somebody put version {challenger} on trial")
            state = msgspec.structs.replace(state, challenger=challenger)
            revision = self._save(state, revision)
        if state.phase == "challenging":
            state, revision = self._judge(state, revision)
        if not self._is_monitoring_due(state):
            return None
        monitoring = self.monitor()
        state = msgspec.structs.replace(state, monitored_until=self.clock.now())
        revision = self._save(state, revision)
        self._react(state, revision, monitoring)
        return monitoring

    def _is_leased(self, state: State) -> bool:
        begun = state.since
        return (
            state.phase == "retraining"
            and begun is not None
            and timedelta(0) <= self.clock.now() - begun < RETRAINING_LEASE
        )

    def _is_monitoring_due(self, state: State) -> bool:
        last = state.monitored_until
        return last is None or self.clock.now() - last >= self.settings.monitoring.window

    def _react(self, state: State, revision: int, monitoring: Monitoring) -> None:
        for kind, reason in reasons(monitoring).items():
            action = getattr(self.settings.actions, kind)
            if action != "advise":
                self.alert(reason)
            if action == "alert":
                self._note("alert", reason)
            if action == "rollback":
                self.transitions.rollback(actor=ACTOR, reason=reason)
            if action == "retrain" and state.phase == "steady" and self._may_retrain(state):
                self._retrain(state, revision, reason)
                return

    def _may_retrain(self, state: State) -> bool:
        now = self.clock.now()
        recent = [begun for begun in state.retrained if now - begun < YEAR]
        rested = not recent or now - recent[-1] >= self.settings.loop.cooldown
        return rested and len(recent) < self.settings.loop.budget

    def _retrain(self, state: State, revision: int, reason: str) -> None:
        began = self.clock.now()
        state = self._move(state, "retraining", reason)
        state = msgspec.structs.replace(
            state,
            retrained=(*state.retrained, began),
            monitored_until=state.monitored_until or began,
        )
        revision = self._save(state, revision)
        self._note("retrain", reason)
        try:
            result = self.retrain(reason)
        except Exception:
            self._save(self._move(state, "steady", "the retraining failed"), revision)
            raise
        self._save(self._after_retraining(state, result), revision)

    def _after_retraining(self, state: State, result: Retrained) -> State:
        told = f"version {result.version}: {result.sentence}"
        if not result.passed:
            figures = {"version": result.version, "run_id": result.run_id, **result.figures}
            self._note("refused", told, figures)
        if result.passed and self.published().challenger == result.version:
            state = self._move(state, "challenging", told)
            return msgspec.structs.replace(state, challenger=result.version)
        return self._move(state, "steady", told)

    def _judge(self, state: State, revision: int) -> tuple[State, int]:
        published = self.published()
        challenger, champion = state.challenger, published.champion
        if challenger is None or champion is None or published.challenger != challenger:
            state = self._move(state, "steady", "somebody else decided about the challenger")
            return state, self._save(state, revision)
        judgement = self._judgement(state, champion, challenger)
        verdict = self._verdict(state, judgement)
        if verdict is None:
            return state, revision
        decide, reason = verdict
        decide(challenger, actor=ACTOR, reason=reason, figures=judgement.figures)
        state = self._move(state, "steady", reason)
        return state, self._save(state, revision)

    def _verdict(
        self, state: State, judgement: Judgement
    ) -> tuple[Callable[..., object], str] | None:
        settings = self.settings.challenge
        told = f"version {state.challenger}: {judgement.sentence()}"
        if judgement.ruling == "better":
            return self.transitions.promote, f"{told}, proven better"
        if judgement.ruling == "worse":
            return self.transitions.reject, f"{told}, proven worse"
        if state.since is not None and self.clock.now() - state.since > settings.max_duration:
            days = settings.max_duration.days
            return self.transitions.reject, f"{told}, not proven better in {days} days"
        return None

    def _judgement(self, state: State, champion: str, challenger: str) -> Judgement:
        settings = self.settings.challenge
        until = self.clock.now() - self.contract.label_horizon
        return judge(
            self.log.rows(state.since, until, labelled=True) if _before(state, until) else (),
            champion=champion,
            challenger=challenger,
            classes=self.contract.classes,
            error_rate=settings.error_rate,
            min_rows=settings.min_labels,
            largest_error=self.largest_error(champion),
        )

    def _move(self, state: State, phase: Phase, reason: str) -> State:
        return msgspec.structs.replace(
            state, phase=phase, since=self.clock.now(), reason=reason, challenger=None
        )

    def _save(self, state: State, revision: int) -> int:
        if not self.states.save(state, revision):
            raise LostRaceError
        return revision + 1

    def _note(self, kind: str, reason: str, figures: dict[str, object] | None = None) -> None:
        self.journal.append(Entry(self.clock.now(), kind, ACTOR, reason, figures or {}))


class LostRaceError(Exception):
    """Another process stepped the loop in the meantime; its step counts."""


def _before(state: State, until: object) -> bool:
    return state.since is None or state.since < until  # type: ignore[operator]
