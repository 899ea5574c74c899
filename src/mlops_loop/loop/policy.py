"""From what monitoring found to what is done about it, by the table in the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..monitoring import MonitoringReport
from ..settings import Actions
from ..settings import Loop as LoopSettings
from .alert_messages import reasons
from .state import State

Due = Literal["retrain", "rollback"]
ADVICE = {
    "performance": "consider `train`, or `rollback`",
    "drift": "consider `train`",
    "drift_only": "performance holds, so `train` may wait",
    "quality": "look at where the data come from",
}


@dataclass(frozen=True)
class PlannedAction:
    """What one finding leads to.

    Attributes:
        kind: of the finding.
        reason: why, as a sentence.
        alert: whether somebody is told.
        record_as: kind of the entry for the journal, where the transition makes none itself.
        due: the transition that it asks for.
    """

    kind: str
    reason: str
    alert: bool
    record_as: Literal["alert", "advise", "wait"] | None = None
    due: Due | None = None


def plan_actions(
    monitoring: MonitoringReport, actions: Actions, blocked_reason: str | None, previous: str | None
) -> Sequence[PlannedAction]:
    """What each finding leads to, the gravest first.

    Args:
        monitoring: the findings.
        actions: the table.
        blocked_reason: why no retraining may begin now, if that is so.
        previous: the champion that a rollback would bring back, if there is one.
    """
    found = []
    for kind, reason in reasons(monitoring).items():
        row = "drift_only" if kind == "drift" and monitoring.performance == "ok" else kind
        action = getattr(actions, row)
        if action == "advise":
            found.append(PlannedAction(kind, f"{reason}: {ADVICE[row]}", False, "advise"))
        elif action == "alert":
            found.append(PlannedAction(kind, reason, True, "alert"))
        elif action == "retrain" and blocked_reason:
            found.append(PlannedAction(kind, f"{reason}: {blocked_reason}", True, "wait"))
        elif action == "rollback" and previous is None:
            told = f"{reason}: there is no earlier champion to roll back to, consider `train`"
            found.append(PlannedAction(kind, told, True, "advise"))
        else:
            found.append(PlannedAction(kind, reason, True, due=action))
    return found


def cooldown_reason(state: State, settings: LoopSettings, now: datetime) -> str | None:
    """Why no retraining may begin now; None if one may.

    After each refusal in a row the cooldown is `backoff` times longer.
    """
    if state.phase == "challenging":
        return f"version {state.challenger} is on trial, no retraining meanwhile"
    recent = [begun for begun in state.retrained if now - begun < settings.period]
    if len(recent) >= settings.budget:
        free = recent[-settings.budget] + settings.period
        return f"{settings.budget} retrainings are the budget, the next from {free:%Y-%m-%d} on"
    # No rest outlasts the period of the budget.
    rest = min(
        settings.period, settings.cooldown * settings.backoff ** min(state.consecutive_failures, 64)
    )
    if recent and now - recent[-1] < rest:
        after = (
            f" after {state.consecutive_failures} refused in a row"
            if state.consecutive_failures
            else ""
        )
        return f"the next retraining may begin on {recent[-1] + rest:%Y-%m-%d}{after}"
    return None
