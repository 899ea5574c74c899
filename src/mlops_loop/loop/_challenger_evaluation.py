"""The decision about two versions on trial, from the prediction log."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .._duration import format_duration
from .._settings import Challenge
from ..contract import Contract
from ..evaluation._formatting import format_metric
from ..prediction_log import PredictionLog
from ._challenger_trial import Transition, Trial, TrialDecision
from ._guardrails import measure_guardrails, sample_arrived, sample_size
from ._paired_loss import ModelPair
from ._row_loss import RowLoss, row_loss
from ._trial_result import Rule, TrialResult, compare_losses

# A trial without enough labels ends without a decision after this multiple of its duration.
_MAX_EXTENSION = 2


def decide_trial(
    trial: Trial,
    settings: Challenge,
    contract: Contract,
    log: PredictionLog,
    now: datetime,
    *,
    loss: RowLoss | None = None,
) -> TrialDecision | None:
    """The decision so far; None while the test is undecided and there is time left.

    A challenger that fails or is too slow is rejected, whatever its predictions. All durations are
    counted in event time whose labels are known, so that a trial is as long with late labels.

    Args:
        trial: the two versions.
        settings: limits of the trial.
        contract: the contract of both versions.
        log: the log of their predictions.
        now: the current time.
        loss: what is compared; by default the log loss or the rmse.
    """
    loss = loss or row_loss("", contract.classes)
    pair = ModelPair(trial.champion, trial.challenger, loss, contract.classes, trial.share)
    if not trial.probation:
        latest = contract.latest_event_time(now)
        sample = sample_arrived(log, trial.since, latest, sample_size(settings, trial.share))
        guardrails = measure_guardrails(sample, pair, trial.since)
        if violation := guardrails.violation(settings):
            reason = f"version {trial.challenger}: {violation}"
            return TrialDecision("reject", reason, guardrails.metrics)
    until = now - contract.label_horizon
    if until <= trial.since:
        return None
    # In a split, rows that the champion answered count as well.
    both = trial.challenger if trial.share is None else None
    limit = settings.probation if trial.probation else settings.max_duration
    rule = Rule(
        error_rate=settings.error_rate,
        min_rows=settings.min_labels,
        unit=settings.unit,
        margin=0.0 if trial.probation else settings.margin,
        elapsed=(until - trial.since) / max(limit, until - trial.since),
    )
    rows = log.rows(trial.since, until, labelled=True, version=both)
    # The champion alone could answer what was asked for before the trial.
    arrived = (row for row in rows if row.record.arrival_time >= trial.since)
    result = compare_losses(arrived, pair, rule)
    return _Ruling(trial, settings, result, limit, until - trial.since).decide()


@dataclass(frozen=True)
class _Ruling:
    """What follows from a result.

    Attributes:
        limit: the planned duration of the trial.
        elapsed: how long it has lasted, in event time whose labels are known.
    """

    trial: Trial
    settings: Challenge
    result: TrialResult
    limit: timedelta
    elapsed: timedelta

    def decide(self) -> TrialDecision | None:
        result, settings = self.result, self.settings
        if result.conclusion == "better":
            return self._decision(self._if_better, f"{self._better()}; {self._chance()}")
        if result.conclusion == "worse":
            return self._decision(self._otherwise, f"significantly worse; {self._chance()}")
        if self.elapsed < self.limit:
            return None
        if result.rows < settings.min_labels:
            if self.elapsed < _MAX_EXTENSION * self.limit:
                return None
            text = (
                f"no decision: {result.rows} labelled rows in {_span(self.elapsed)}, "
                f"{settings.min_labels} needed (challenge.min_labels)"
            )
            return self._decision(self._otherwise, text)
        undecided = f"not significantly better in {_span(self.limit)}{self._would_change()}"
        if settings.undecided == "better_mean" and result.is_ahead and not self.trial.probation:
            text = f"{undecided}, but better on average (challenge.undecided: better_mean)"
            return self._decision("promote", text)
        return self._decision(self._otherwise, undecided)

    @property
    def _if_better(self) -> Transition:
        return "rollback" if self.trial.probation else "promote"

    @property
    def _otherwise(self) -> Transition:
        return "confirm" if self.trial.probation else "reject"

    def _decision(self, transition: Transition, text: str) -> TrialDecision:
        role = ", previous champion" if self.trial.probation else ""
        reason = f"version {self.trial.challenger}{role}: {self.result.summary()}; {text}"
        return TrialDecision(transition, reason, self.result.metrics)

    def _better(self) -> str:
        than = f" than version {self.trial.champion}" if self.trial.probation else ""
        gain = self.result.gain
        if gain is not None and gain.low <= 0:
            return f"not worse{than} by more than challenge.margin ({self.settings.margin:.1%})"
        return f"significantly better{than}"

    def _chance(self) -> str:
        rate = self.settings.error_rate
        return f"the chance of this between equal versions is {rate:.1%} (challenge.error_rate)"

    def _would_change(self) -> str:
        """From which difference on the last look would have been a decision."""
        gain = self.result.gain
        if gain is None:
            return ""
        needed = gain.value - gain.low - self.settings.margin * self.result.champion_loss
        return f" (it would have taken a difference of {format_metric(max(needed, 0.0))})"


def _span(span: timedelta) -> str:
    return f"{span.days} days" if span.days else format_duration(span)
