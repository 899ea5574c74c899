"""Actions on the findings of monitoring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from .._settings import Actions
from .._settings import Loop as LoopSettings
from ..monitoring import Action, ActionName, Incident
from ._state import State

Due = Literal["retrain", "rollback"]
ADVICE = {
    "performance": "consider `train`, or `rollback`",
    "drift": "consider `train`",
    "drift_only": "performance holds, so `train` may wait",
    "quality": "check the source of the data",
}


@dataclass(frozen=True)
class PlannedAction:
    """The action on one incident.

    Attributes:
        kind: kind of the incident.
        reason: reason, as a sentence.
        alert: whether receivers are alerted.
        record_as: kind of the entry in the audit log, if the transition writes none itself.
        due: the transition to carry out.
    """

    kind: str
    reason: str
    alert: bool
    record_as: Literal["alert", "advise", "wait", "action"] | None = None
    due: Due | None = None


@dataclass(frozen=True)
class ActionTable:
    """The actions by kind of finding.

    Attributes:
        settings: the actions of the settings.
        own: those of `monitoring.py`, by kind, which take precedence.
    """

    settings: Actions
    own: Mapping[str, Action]

    def action(self, incident: Incident) -> Action:
        """The action on an incident; by default `alert`."""
        for kind in (row(incident), incident.kind):
            if kind in self.own:
                return self.own[kind]
        action: ActionName = getattr(self.settings, row(incident), "alert")
        return action

    def plan(
        self, incidents: Sequence[Incident], blocked_reason: str | None, previous: str | None
    ) -> Sequence[PlannedAction]:
        """The action on each incident, in the same order. Functions of the project are called.

        Args:
            incidents: the incidents of a window.
            blocked_reason: why no retraining may begin now; None if one may.
            previous: the champion to roll back to; None if there is none.
        """
        return [self._plan(incident, blocked_reason, previous) for incident in incidents]

    def _plan(
        self, incident: Incident, blocked_reason: str | None, previous: str | None
    ) -> PlannedAction:
        action = self.action(incident)
        if not callable(action):
            return _planned(incident, action, blocked_reason, previous)
        name = getattr(action, "__name__", type(action).__name__)
        try:
            follow_up = action(incident)
        except Exception as error:
            import structlog

            structlog.get_logger(__name__).exception("action failed", action=name)
            reason = f"{incident.text}: {name} failed: {type(error).__name__}: {error}"
            return PlannedAction(incident.kind, reason, True, "action")
        if follow_up is None:
            return PlannedAction(incident.kind, f"{incident.text}: {name}", False, "action")
        return _planned(incident, follow_up, blocked_reason, previous)


def _planned(
    incident: Incident, action: ActionName, blocked_reason: str | None, previous: str | None
) -> PlannedAction:
    kind, reason = incident.kind, incident.text
    if action == "advise":
        advice = ADVICE.get(row(incident))
        return PlannedAction(kind, f"{reason}: {advice}" if advice else reason, False, "advise")
    if action == "alert":
        return PlannedAction(kind, reason, True, "alert")
    if action == "retrain" and blocked_reason:
        return PlannedAction(kind, f"{reason}: {blocked_reason}", True, "wait")
    if action == "rollback" and previous is None:
        text = f"{reason}: there is no earlier champion to roll back to, consider `train`"
        return PlannedAction(kind, text, True, "advise")
    return PlannedAction(kind, reason, True, due=action)


def row(incident: Incident) -> str:
    """The key of an incident in the table: `drift_only` is a drift while performance holds."""
    drift_only = incident.kind == "drift" and incident.report.performance == "ok"
    return "drift_only" if drift_only else incident.kind


def cooldown_reason(state: State, settings: LoopSettings, now: datetime) -> str | None:
    """Why no retraining may begin now; None if one may.

    After each consecutive rejection the cooldown is `backoff` times longer.
    """
    if state.phase == "challenging":
        return f"version {state.challenger} is on trial, no retraining until it ends"
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
