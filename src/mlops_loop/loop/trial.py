"""What a judgement means for the two on trial: a challenger, or a new champion on probation.

During a probation the champion before is the challenger, and the test is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ..duration import format_duration
from ..publication import Entry
from ..settings import Challenge

if TYPE_CHECKING:  # a step with nothing to judge does without
    from .conduct import Conduct
    from .judge import Judgement

Transition = Literal["promote", "reject", "confirm", "rollback"]


@dataclass(frozen=True)
class Trial:
    """Two versions that predict the same rows, or each a share of the keys, and since when.

    Attributes:
        share: of the keys that the challenger answers in a split; None in shadow.
    """

    champion: str
    challenger: str
    since: datetime
    probation: bool
    share: float | None = None


def trial_of(champion: str, challenger: str, since: datetime, published: Entry) -> Trial:
    """The trial of two versions in the way in which they are published."""
    share = published.share if published.mode == "split" else None
    return Trial(champion, challenger, since, published.probation, share)


@dataclass(frozen=True)
class Ruling:
    """What is to be done, why, and the figures behind it."""

    transition: Transition
    reason: str
    figures: Mapping[str, object]


def barred(trial: Trial, conduct: "Conduct", settings: Challenge) -> Ruling | None:
    """The end of a challenger that fails or is slow, however well it predicts."""
    objection = conduct.objection(settings)
    if objection is None:
        return None
    return Ruling("reject", f"version {trial.challenger}: {objection}", conduct.figures)


def rule(trial: Trial, judgement: "Judgement", settings: Challenge, now: datetime) -> Ruling | None:
    """What is to be done by now; None as long as nothing is proven and there is time left."""
    ruled = _on_probation if trial.probation else _on_challenge
    return ruled(trial, judgement, settings, now)


def _on_challenge(
    trial: Trial, judgement: "Judgement", settings: Challenge, now: datetime
) -> Ruling | None:
    told = f"version {trial.challenger}: {judgement.sentence()}"
    figures = judgement.figures
    if judgement.ruling == "better":
        return Ruling("promote", f"{told}, proven better", figures)
    if judgement.ruling == "worse":
        return Ruling("reject", f"{told}, proven worse", figures)
    if now - trial.since > settings.max_duration:
        limit = _span(settings.max_duration)
        return Ruling("reject", f"{told}, not proven better in {limit}", figures)
    return None


def _on_probation(
    trial: Trial, judgement: "Judgement", settings: Challenge, now: datetime
) -> Ruling | None:
    told = f"version {trial.challenger}, champion before: {judgement.sentence()}"
    figures = judgement.figures
    if judgement.ruling == "better":
        return Ruling("rollback", f"{told}, proven better than version {trial.champion}", figures)
    if judgement.ruling == "worse":
        return Ruling("confirm", f"{told}, proven worse", figures)
    if now - trial.since > settings.probation:
        limit = _span(settings.probation)
        return Ruling("confirm", f"{told}, not proven better in {limit}", figures)
    return None


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else format_duration(span)
