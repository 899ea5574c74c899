"""Advice on the findings of a window, from the actions that the project has chosen.

The loop puts its decision in the place of the advice, so that a report never says one thing while
the loop does another.
"""

from collections.abc import Mapping

from .._settings import ActionName, Actions
from ._incidents import Incident, find_incidents
from ._monitoring_report import MonitoringReport
from ._plan import Action

# By the key of the action, where the loop changes nothing itself.
ADVICE = {
    "performance": "consider `train` on recent rows, or `rollback` if it began with this version",
    "drift": "consider `train`",
    "drift_only": "performance holds, so `train` may wait",
    "early_warning": "look for what changed on that day; the next window decides",
    "quality": "check the source of the data",
    "labels": "collect labels of the other rows too; retraining does not help",
}


def action_key(incident: Incident) -> str:
    """The key in `actions`: `drift_only` is a drift while performance holds."""
    drift_only = incident.kind == "drift" and incident.report.performance == "ok"
    return "drift_only" if drift_only else incident.kind


def action_for(incident: Incident, settings: Actions, own: Mapping[str, Action]) -> Action:
    """The action on an incident; by default `alert`.

    Args:
        incident: what was found.
        settings: the actions of the settings.
        own: those of `monitoring.py`, by kind, which take precedence.
    """
    for kind in (action_key(incident), incident.kind):
        if kind in own:
            return own[kind]
    action: ActionName = getattr(settings, action_key(incident), "alert")
    return action


def name_of_action(action: Action) -> str:
    """The name of an action, or of the project's function."""
    if not callable(action):
        return action
    return getattr(action, "__name__", type(action).__name__)


def advise(report: MonitoringReport, settings: Actions, own: Mapping[str, Action]) -> str:
    """One sentence for each kind of finding that failed."""
    incidents = find_incidents(report)
    if incidents:
        return "; ".join(
            f"{incident.kind}: {_advice(incident, action_for(incident, settings, own))}"
            for incident in incidents
        )
    if not report.window.rows:
        return "nothing to do so far: there are no predictions in this window"
    if report.performance == "unknown":
        return "nothing to do so far: performance is unknown without labels"
    return "nothing to do"


def _advice(incident: Incident, action: Action) -> str:
    setting = f"actions.{action_key(incident)}: {name_of_action(action)}"
    if callable(action):
        return f"the loop calls a function of the project ({setting})"
    if action == "retrain":
        return (
            f"the loop retrains, unless a trial, the cooldown or the budget forbids it ({setting})"
        )
    if action == "rollback":
        return f"the loop rolls back, if there is a previous champion ({setting})"
    return ADVICE.get(action_key(incident), "see the findings")
