"""What a judgement means for the two on trial: a challenger, or a new champion on probation.

During a probation the champion before is the challenger, and the test is the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ..duration import format_duration
from ..settings import Challenge
from .judge import Judgement

Transition = Literal["promote", "reject", "confirm", "rollback"]


@dataclass(frozen=True)
class Trial:
    """Two versions that predict the same rows, and since when."""

    champion: str
    challenger: str
    since: datetime
    probation: bool
    shadow: bool


@dataclass(frozen=True)
class Ruling:
    transition: Transition
    reason: str


def rule(trial: Trial, judgement: Judgement, settings: Challenge, now: datetime) -> Ruling | None:
    """What is to be done by now; None as long as nothing is proven and there is time left."""
    ruled = _on_probation if trial.probation else _on_challenge
    return ruled(trial, judgement, settings, now)


def _on_challenge(
    trial: Trial, judgement: Judgement, settings: Challenge, now: datetime
) -> Ruling | None:
    told = f"version {trial.challenger}: {judgement.sentence()}"
    rows = judgement.rows + judgement.unanswered
    share = judgement.unanswered / max(rows, 1)
    if trial.shadow and rows >= settings.min_labels and share > settings.max_unanswered:
        return Ruling(
            "reject",
            f"version {trial.challenger}: it left {share:.1%} of {rows} labelled rows without an "
            f"answer, at most {settings.max_unanswered:.1%} are borne",
        )
    if judgement.ruling == "better":
        return Ruling("promote", f"{told}, proven better")
    if judgement.ruling == "worse":
        return Ruling("reject", f"{told}, proven worse")
    if now - trial.since > settings.max_duration:
        return Ruling("reject", f"{told}, not proven better in {_span(settings.max_duration)}")
    return None


def _on_probation(
    trial: Trial, judgement: Judgement, settings: Challenge, now: datetime
) -> Ruling | None:
    told = f"version {trial.challenger}, champion before: {judgement.sentence()}"
    if judgement.ruling == "better":
        return Ruling("rollback", f"{told}, proven better than version {trial.champion}")
    if judgement.ruling == "worse":
        return Ruling("confirm", f"{told}, proven worse")
    if now - trial.since > settings.probation:
        return Ruling("confirm", f"{told}, not proven better in {_span(settings.probation)}")
    return None


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else format_duration(span)
