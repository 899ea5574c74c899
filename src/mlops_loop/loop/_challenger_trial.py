"""Decisions about a trial: of a challenger, or of a new champion on probation.

During a probation the previous champion is the challenger, and the test is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from .._duration import format_duration
from .._publication import Rollout
from .._settings import Challenge

if TYPE_CHECKING:  # a step without a trial does not need it
    from ._comparison import ComparisonResult
    from ._guardrails import GuardrailMetrics

Transition = Literal["promote", "reject", "confirm", "rollback"]


@dataclass(frozen=True)
class Trial:
    """Two versions that predict the same rows, or each a share of the keys.

    Attributes:
        share: share of the keys that the challenger predicts in a split; None in shadow.
    """

    champion: str
    challenger: str
    since: datetime
    probation: bool
    share: float | None = None


def trial_of(champion: str, challenger: str, since: datetime, published: Rollout) -> Trial:
    """The trial of the two published versions."""
    share = published.share if published.mode == "split" else None
    return Trial(champion, challenger, since, published.probation, share)


@dataclass(frozen=True)
class TrialDecision:
    """The outcome of a trial, its reason, and its metrics."""

    transition: Transition
    reason: str
    details: Mapping[str, object]


def check_guardrails(
    trial: Trial, guardrail_metrics: "GuardrailMetrics", settings: Challenge
) -> TrialDecision | None:
    """Reject a challenger that fails or is too slow, whatever its predictions."""
    violation = guardrail_metrics.violation(settings)
    if violation is None:
        return None
    return TrialDecision(
        "reject", f"version {trial.challenger}: {violation}", guardrail_metrics.metrics
    )


def decide(
    trial: Trial, comparison: "ComparisonResult", settings: Challenge, now: datetime
) -> TrialDecision | None:
    """The decision so far; None while the test is undecided and there is time left."""
    ruled = _on_probation if trial.probation else _on_challenge
    return ruled(trial, comparison, settings, now)


def _on_challenge(
    trial: Trial, comparison: "ComparisonResult", settings: Challenge, now: datetime
) -> TrialDecision | None:
    result = f"version {trial.challenger}: {comparison.summary()}"
    details = comparison.metrics
    if comparison.conclusion == "better":
        return TrialDecision("promote", f"{result}, significantly better", details)
    if comparison.conclusion == "worse":
        return TrialDecision("reject", f"{result}, significantly worse", details)
    if now - trial.since > settings.max_duration:
        limit = _span(settings.max_duration)
        return TrialDecision("reject", f"{result}, not significantly better in {limit}", details)
    return None


def _on_probation(
    trial: Trial, comparison: "ComparisonResult", settings: Challenge, now: datetime
) -> TrialDecision | None:
    result = f"version {trial.challenger}, previous champion: {comparison.summary()}"
    details = comparison.metrics
    if comparison.conclusion == "better":
        return TrialDecision(
            "rollback", f"{result}, significantly better than version {trial.champion}", details
        )
    if comparison.conclusion == "worse":
        return TrialDecision("confirm", f"{result}, significantly worse", details)
    if now - trial.since > settings.probation:
        limit = _span(settings.probation)
        return TrialDecision("confirm", f"{result}, not significantly better in {limit}", details)
    return None


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else format_duration(span)
