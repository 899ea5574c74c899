"""Two versions on trial are heard: what the log says of them, and what follows from that."""

from collections.abc import Callable
from dataclasses import dataclass

from ..clock import Clock
from ..contract import Contract
from ..prediction_log import PredictionLog
from ..settings import Challenge
from .conduct import Conduct, conduct, sample_size
from .evidence import Trialled
from .judge import Judgement, judge
from .trial import Ruling, Trial, barred, rule


@dataclass(frozen=True)
class Hearing:
    """Reads the log for a trial.

    Attributes:
        largest_error: for regression, what the judge counts as a loss of 1, by champion.
    """

    settings: Challenge
    contract: Contract
    log: PredictionLog
    clock: Clock
    largest_error: Callable[[str], float]

    def ruling(self, trial: Trial) -> Ruling | None:
        """What is to be done by now; None as long as nothing is proven and there is time left."""
        trialled = Trialled(
            trial.champion,
            trial.challenger,
            self.contract.classes,
            self.largest_error(trial.champion),
            trial.share,
        )
        if not trial.probation:
            ruling = barred(trial, self._conduct(trial, trialled), self.settings)
            if ruling is not None:
                return ruling
        return rule(trial, self._judgement(trial, trialled), self.settings, self.clock.now())

    def _conduct(self, trial: Trial, trialled: Trialled) -> Conduct:
        limit = sample_size(self.settings, trial.share)
        rows = self.log.sample(trial.since, None, limit)
        return conduct(rows, trialled, trial.since)

    def _judgement(self, trial: Trial, trialled: Trialled) -> Judgement:
        until = self.clock.now() - self.contract.label_horizon
        known = trial.since < until
        # In a split the champion's rows count as well, which the challenger did not answer.
        both = trial.challenger if trial.share is None else None
        return judge(
            self.log.rows(trial.since, until, labelled=True, version=both) if known else (),
            trialled,
            error_rate=self.settings.error_rate,
            min_rows=self.settings.min_labels,
            unit=self.settings.unit,
        )
