"""The decision about two versions on trial, from the prediction log."""

from datetime import datetime, timedelta

from .._duration import format_duration
from .._settings import Challenge
from ..contract import Contract
from ..prediction_log import PredictionLog
from ._challenger_trial import Transition, Trial, TrialDecision
from ._guardrails import measure_guardrails, sample_size
from ._paired_loss import ModelPair
from ._trial_result import TrialResult, compare_losses


def decide_trial(
    trial: Trial,
    settings: Challenge,
    contract: Contract,
    log: PredictionLog,
    now: datetime,
    *,
    largest_error: float = 1.0,
) -> TrialDecision | None:
    """The decision so far; None while the test is undecided and there is time left.

    A challenger that fails or is too slow is rejected, whatever its predictions.

    Args:
        trial: the two versions.
        settings: limits of the trial.
        contract: the contract of both versions.
        log: the log of their predictions.
        now: the current time.
        largest_error: the absolute error with a loss of 1; for regression.
    """
    pair = ModelPair(trial.champion, trial.challenger, contract.classes, largest_error, trial.share)
    if not trial.probation:
        sample = log.sample(trial.since, None, sample_size(settings, trial.share))
        guardrails = measure_guardrails(sample, pair, trial.since)
        if violation := guardrails.violation(settings):
            reason = f"version {trial.challenger}: {violation}"
            return TrialDecision("reject", reason, guardrails.metrics)
    until = now - contract.label_horizon
    # In a split, rows that the champion answered count as well.
    both = trial.challenger if trial.share is None else None
    result = compare_losses(
        log.rows(trial.since, until, labelled=True, version=both) if trial.since < until else (),
        pair,
        error_rate=settings.error_rate,
        min_rows=settings.min_labels,
        unit=settings.unit,
    )
    return _decide(trial, result, settings, now)


def _decide(
    trial: Trial, result: TrialResult, settings: Challenge, now: datetime
) -> TrialDecision | None:
    if_better: Transition
    otherwise: Transition
    if trial.probation:
        if_better, otherwise, limit = "rollback", "confirm", settings.probation
        role, than = ", previous champion", f" than version {trial.champion}"
    else:
        if_better, otherwise, limit = "promote", "reject", settings.max_duration
        role, than = "", ""
    text = f"version {trial.challenger}{role}: {result.summary()}"
    if result.conclusion == "better":
        return TrialDecision(if_better, f"{text}, significantly better{than}", result.metrics)
    if result.conclusion == "worse":
        return TrialDecision(otherwise, f"{text}, significantly worse", result.metrics)
    if now - trial.since > limit:
        reason = f"{text}, not significantly better in {_span(limit)}"
        return TrialDecision(otherwise, reason, result.metrics)
    return None


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else format_duration(span)
