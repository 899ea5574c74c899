"""What the loop waits for, and until when."""

from datetime import datetime

from .._duration import format_duration
from .._settings import Settings
from ._policy import cooldown_reason
from ._state import State


def outlook(state: State, settings: Settings, now: datetime) -> str:
    """What happens next and when, as a sentence without a full stop."""
    if state.champion is None:
        waiting = cooldown_reason(state, settings.loop, now)
        remedy = f"; {waiting}, or at once by `train`" if waiting else ""
        return f"there is no champion: {state.reason.rstrip('.')}{remedy}"
    window = settings.monitoring.window
    due = (state.monitored_until or now) + window
    every = f"monitoring.window: {format_duration(window)}"
    parts = [f"the next window is checked at {_moment(due)} ({every})"]
    if state.phase in ("challenging", "probation") and state.since is not None:
        parts.append(_trial(state, state.since, settings))
    elif reason := cooldown_reason(state, settings.loop, now):
        parts.append(reason)
    return "; ".join(parts)


def _trial(state: State, since: datetime, settings: Settings) -> str:
    challenge = settings.challenge
    if state.phase == "challenging":
        subject, key = f"version {state.challenger} is on trial", "max_duration"
    else:
        subject, key = f"version {state.champion} is on probation", "probation"
    until = _moment(since + getattr(challenge, key))
    return (
        f"{subject} until {until} at the latest (challenge.{key}), and is decided on "
        f"{challenge.min_labels} labelled rows or more (challenge.min_labels) "
        "that are older than label_horizon"
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
