"""The state machine that closes the loop: watch, retrain, challenge, promote or reject.

    steady ── finding ──> triggered ──> retraining ── refused by the gate ──> steady
                              │              │
                              │        challenging ── rejected ──> steady
                              │              │
                              │        promoted: probation ── confirmed ──> steady
                              │              │
                              └────────> rolled back ──> steady

It holds no logic of the stages it calls. What is published is the truth: after each of its own
transitions, and after anybody else's, the phase is taken from there. So a step that was cut off
anywhere is taken up where it was, and what a person does by command is noticed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..clock import Clock
from ..journal import Entry
from ..monitoring import Monitoring
from ..publication import Entry as Published
from ..registry import Transitions
from ..settings import Settings
from .attempt import Attempt, Retrained
from .desk import Desk, LostLeaseError
from .notes import ACTOR, Notes
from .reaction import Due, blocked, reactions
from .state import Lease, phase_of
from .trial import Ruling, Trial, trial_of


@dataclass(frozen=True)
class Step:
    """What one step did: the journal's new entries, and what monitoring found if it was due.

    `idle` says why nothing was done where something stood in the way.
    """

    entries: tuple[Entry, ...]
    monitoring: Monitoring | None = None
    idle: str = ""


@dataclass
class Loop:
    """The loop with everything it decides about, handed in.

    Attributes:
        retrain: makes a version, or finds the one that the same attempt has made already.
        appoint: gives a version that passed the role that the settings say, once.
        watch: tells of what monitoring found, by question, once; and when it is over.
        began: when the change behind findings of a kind began, where the settings ask for that.
        hear: what is to be done about two versions on trial.
    """

    settings: Settings
    desk: Desk
    notes: Notes
    transitions: Transitions
    clock: Clock
    retrain: Callable[[Attempt], Retrained]
    appoint: Callable[[Retrained, str], None]
    monitor: Callable[[], Monitoring]
    alert: Callable[[str], None]
    watch: Callable[[Monitoring, Mapping[str, str]], None]
    began: Callable[[Monitoring, str], datetime | None]
    hear: Callable[[Trial], Ruling | None]

    def step(self) -> Step:
        """Do whatever is due now, and say what was done."""
        with self.desk.taken() as other:
            done = self._seated(other)
        return done

    def _seated(self, other: Lease | None) -> Step:
        """One step at the desk, unless somebody else sits there."""
        if other is not None:
            return Step((), idle=f"another process steps the loop already: {other.holder}")
        if self.desk.state.paused:
            return Step((), idle="the loop is paused: `loop resume` lets it go on")
        known = len(self.notes.done())
        try:
            monitoring, idle = self._step(), ""
        except LostLeaseError:
            monitoring, idle = None, "another process has taken over, and goes on from here"
        return Step(self.notes.done()[known:], monitoring, idle)

    def _step(self) -> Monitoring | None:
        if self.transitions.is_open():
            self.transitions.reconcile()
        self._follow()
        state = self.desk.state
        if state.phase == "triggered":
            self._act()
            return None
        if state.phase == "retraining":
            self._retrain(resumed=True)
            return None
        if state.champion is None:
            if state.waiting != self.transitions.features_digest:
                self._begin("there is no champion yet")
            return None
        if state.challenger is not None:
            self._judge(state.champion, state.challenger)
        if not self._is_monitoring_due():
            return None
        monitoring = self.monitor()
        self._react(monitoring)
        return monitoring

    def _follow(self) -> None:
        """Notice what was published since, by whomever."""
        state, published = self.desk.state, self._published()
        if state.phase in ("triggered", "retraining"):
            return
        seen = state.phase, state.champion, state.challenger
        if seen != (phase_of(published), published.champion, published.challenger):
            self._settle()

    def _settle(self, reason: str | None = None, waiting: str = "", **changes: object) -> None:
        """Take the phase from what is published; why and since when, from the journal."""
        published, last = self._published(), self.transitions.last()
        on_trial = published.challenger is not None
        told = last is not None and (reason is None or on_trial)
        self.desk.save(
            phase=phase_of(published),
            due=None,
            changed=None,
            champion=published.champion,
            challenger=published.challenger,
            waiting=waiting,
            since=last.time if last and told else self.clock.now(),
            reason=reason or (last.reason if last else "nothing is published for these features"),
            **changes,
        )

    def _is_monitoring_due(self) -> bool:
        last = self.desk.state.monitored_until
        return last is None or self.clock.now() - last >= self.settings.monitoring.window

    def _react(self, monitoring: Monitoring) -> None:
        """Tell of the findings, and carry out what is due, once the decision is written."""
        state, now = self.desk.state, self.clock.now()
        hindrance = blocked(state, self.settings.loop, now)
        found = reactions(monitoring, self.settings.actions, hindrance, self.transitions.previous())
        self.watch(monitoring, {one.kind: one.reason for one in found if one.alert})
        for reaction in found:
            if reaction.note:
                self.notes.note(
                    reaction.note, reaction.reason, **_window(state.monitored_until, now)
                )
        due = next((reaction for reaction in found if reaction.due), None)
        if due is None:
            self.desk.save(monitored_until=now)
            return
        self.desk.save(
            phase="triggered",
            since=now,
            reason=due.reason,
            due=due.due,
            changed=self.began(monitoring, due.kind) if due.due == "retrain" else None,
            monitored_until=now,
        )
        self._act()

    def _act(self) -> None:
        """Carry out what the trigger asks for; what was done already is not done twice."""
        state = self.desk.state
        due: Due | None = state.due
        if due == "retrain":
            self._begin(state.reason)
            return
        if self._published().champion == state.champion and self.transitions.previous():
            self.transitions.rollback(actor=ACTOR, reason=state.reason)
        self._settle()

    def _begin(self, reason: str) -> None:
        state, now = self.desk.state, self.clock.now()
        counted = (now,) if state.champion else ()  # the first model is no retraining
        recent = [begun for begun in state.retrained if now - begun < self.settings.loop.period]
        self.desk.save(
            phase="retraining",
            since=now,
            reason=reason,
            due=None,
            retrained=(*recent, *counted),
            monitored_until=state.monitored_until or now,
        )
        self._retrain()

    def _retrain(self, *, resumed: bool = False) -> None:
        state = self.desk.state
        assert state.since is not None
        name = state.since.isoformat()
        told = {"rows_since": state.changed.isoformat()} if state.changed else {}
        self.notes.note("retrain", state.reason, attempt=name, **told)
        try:
            result = self.retrain(Attempt(name, state.reason, resumed, state.changed))
            if result.gate.passed:
                self.desk.require()
                self.appoint(result, state.reason)
        except LostLeaseError:
            raise
        except Exception as error:
            self._settle(f"the retraining failed: {error}", refused=state.refused + 1)
            raise
        self._conclude(result)

    def _conclude(self, result: Retrained) -> None:
        version, state, published = result.version, self.desk.state, self._published()
        figures = {"version": version, "run_id": result.run_id, **result.gate.figures}
        told = f"version {version}: {result.gate.sentence()}"
        if not result.gate.passed:
            self.notes.note("refused", told, **figures)
            self._settle(told, refused=state.refused + 1)
        elif version in (published.champion, published.challenger):
            self._settle(refused=0)
        else:
            told += f" It waits for `challenge {version}` or `promote {version}`."
            self.notes.note("waiting", told, **figures)
            self.alert(told)
            is_first = published.champion is None
            waiting = self.transitions.features_digest if is_first else ""
            self._settle(told, waiting=waiting, refused=0)

    def _judge(self, champion: str, challenger: str) -> None:
        since = self.desk.state.since or self.clock.now()
        trial = trial_of(champion, challenger, since, self._published())
        ruling = self.hear(trial)
        if ruling is None:
            return
        told: dict[str, Any] = {"actor": ACTOR, "reason": ruling.reason, "figures": ruling.figures}
        if ruling.transition == "promote":
            self.transitions.promote(challenger, **told)
        elif ruling.transition == "reject":
            self.transitions.reject(challenger, **told)
        elif ruling.transition == "confirm":
            self.transitions.confirm(**told)
        else:
            self.alert(ruling.reason)
            self.transitions.rollback(**told)
        self._settle()

    def _published(self) -> Published:
        return self.transitions.published()


def _window(since: datetime | None, until: datetime) -> dict[str, object]:
    return {"window": (since or until).isoformat()}
