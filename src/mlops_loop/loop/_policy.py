"""Actions on the findings of monitoring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from .._settings import Actions
from .._settings import Loop as LoopSettings
from ..monitoring import Action, ActionName, Incident
from ..monitoring._advice import ADVICE, action_for, action_key, name_of_action
from ._state import State

Due = Literal["retrain", "rollback"]


@dataclass(frozen=True)
class PlannedAction:
    """The action on one incident.

    Attributes:
        kind: kind of the incident.
        cause: what was found.
        decision: what is done about it, or should be; empty if nothing but an alert.
        alert: whether receivers are alerted.
        record_as: kind of the entry in the audit log, if the transition writes none itself.
        due: the transition to carry out.
    """

    kind: str
    cause: str
    decision: str
    alert: bool
    record_as: Literal["alert", "advise", "wait", "action"] | None = None
    due: Due | None = None

    @property
    def reason(self) -> str:
        """The reason for the audit log; a transition of the loop names its decision itself."""
        if self.due or not self.decision:
            return self.cause
        return f"{self.cause}: {self.decision}"


@dataclass(frozen=True)
class ActionTable:
    """The actions by kind of finding.

    Attributes:
        settings: the actions of the settings.
        own: those of `monitoring.py`, by kind, which take precedence.
    """

    settings: Actions
    own: Mapping[str, Action]

    def plan(
        self, incidents: Sequence[Incident], blocked_reason: str | None, previous: str | None
    ) -> Sequence[PlannedAction]:
        """The action on each incident, in the same order. Functions of the project are called.

        One transition is carried out in a step: the first that is due.

        Args:
            incidents: the incidents of a window.
            blocked_reason: why no retraining may begin now; None if one may.
            previous: the champion to roll back to; None if there is none.
        """
        planned = [self._plan(incident, blocked_reason, previous) for incident in incidents]
        due = next((action for action in planned if action.due), None)
        if due is None:
            return planned
        return [
            replace(action, decision=due.decision) if action.due else action for action in planned
        ]

    def _plan(
        self, incident: Incident, blocked_reason: str | None, previous: str | None
    ) -> PlannedAction:
        action = action_for(incident, self.settings, self.own)
        if not callable(action):
            return _planned(incident, action, blocked_reason, previous)
        name = name_of_action(action)
        try:
            follow_up = action(incident)
        except Exception as error:
            import structlog

            structlog.get_logger(__name__).exception("action failed", action=name)
            decision = f"{name} failed: {type(error).__name__}: {error}"
            return PlannedAction(incident.kind, incident.text, decision, True, "action")
        if follow_up is None:
            return PlannedAction(incident.kind, incident.text, name, False, "action")
        return _planned(incident, follow_up, blocked_reason, previous)


def _planned(
    incident: Incident, action: ActionName, blocked_reason: str | None, previous: str | None
) -> PlannedAction:
    kind, cause = incident.kind, incident.text
    if action == "retrain":
        if blocked_reason:
            return PlannedAction(kind, cause, blocked_reason, True, "wait")
        return PlannedAction(kind, cause, "retrain", True, due=action)
    if action == "rollback":
        if previous is None:
            decision = "there is no earlier champion to roll back to, consider `train`"
            return PlannedAction(kind, cause, decision, True, "advise")
        return PlannedAction(kind, cause, f"roll back to version {previous}", True, due=action)
    decision = ADVICE.get(action_key(incident), "")
    return PlannedAction(kind, cause, decision, action == "alert", action)


def cooldown_reason(state: State, settings: LoopSettings, now: datetime) -> str | None:
    """Why no retraining may begin now; None if one may.

    After each consecutive rejection the cooldown is `backoff` times longer.
    """
    if state.phase == "challenging":
        ends = f"until it ends (`reject {state.challenger}` ends it)"
        return f"version {state.challenger} is on trial, no retraining {ends}"
    recent = [begun for begun in state.retrained if now - begun < settings.period]
    if len(recent) >= settings.budget:
        free = recent[-settings.budget] + settings.period
        return f"the budget of {settings.budget} retrainings is used until {free:%Y-%m-%d}"
    # The cooldown is not longer than the period of the budget.
    cooldown = min(
        settings.period, settings.cooldown * settings.backoff ** min(state.consecutive_failures, 64)
    )
    if recent and now - recent[-1] < cooldown:
        after = (
            f" after {state.consecutive_failures} consecutive rejections"
            if state.consecutive_failures
            else ""
        )
        return f"next retraining from {recent[-1] + cooldown:%Y-%m-%d}{after}"
    return None
