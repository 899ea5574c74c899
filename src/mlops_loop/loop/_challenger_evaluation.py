"""Evaluation of two versions on trial from the prediction log."""

from collections.abc import Callable
from dataclasses import dataclass

from .._clock import Clock
from .._settings import Challenge
from ..contract import Contract
from ..prediction_log import PredictionLog
from ._challenger_trial import Trial, TrialDecision, check_guardrails, decide
from ._comparison import ComparisonResult, compare
from ._guardrails import GuardrailMetrics, measure_guardrails, sample_size
from ._paired_loss import ModelPair


@dataclass(frozen=True)
class ChallengerEvaluator:
    """Compares the two versions of a trial by logged rows.

    Attributes:
        largest_error: the absolute error with a loss of 1, by champion; for regression.
    """

    settings: Challenge
    contract: Contract
    log: PredictionLog
    clock: Clock
    largest_error: Callable[[str], float]

    def decision(self, trial: Trial) -> TrialDecision | None:
        """The decision so far; None while the test is undecided and there is time left."""
        model_pair = ModelPair(
            trial.champion,
            trial.challenger,
            self.contract.classes,
            self.largest_error(trial.champion),
            trial.share,
        )
        if not trial.probation:
            decision = check_guardrails(
                trial, self._guardrail_metrics(trial, model_pair), self.settings
            )
            if decision is not None:
                return decision
        return decide(trial, self._comparison(trial, model_pair), self.settings, self.clock.now())

    def _guardrail_metrics(self, trial: Trial, model_pair: ModelPair) -> GuardrailMetrics:
        limit = sample_size(self.settings, trial.share)
        rows = self.log.sample(trial.since, None, limit)
        return measure_guardrails(rows, model_pair, trial.since)

    def _comparison(self, trial: Trial, model_pair: ModelPair) -> ComparisonResult:
        until = self.clock.now() - self.contract.label_horizon
        known = trial.since < until
        # In a split, rows that the champion answered count as well.
        both = trial.challenger if trial.share is None else None
        return compare(
            self.log.rows(trial.since, until, labelled=True, version=both) if known else (),
            model_pair,
            error_rate=self.settings.error_rate,
            min_rows=self.settings.min_labels,
            unit=self.settings.unit,
        )
