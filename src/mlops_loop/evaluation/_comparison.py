"""The candidate, the baseline and the champion on the same held-out rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from .._settings import Gate
from ..contract import Contract
from ..contract._columns import Columns, Floats
from ._bootstrap import Resampling
from ._interval import Interval
from ._metric import Metric
from ._target import Labels

Rival = Literal["baseline", "champion"]


@dataclass(frozen=True)
class Comparison:
    """Predictions of several models for the same held-out rows: what gate rules are called with.

    Predictions are probabilities, float64 of shape (rows, classes), or values, float64 of shape
    (rows,). Differences are estimated by a paired bootstrap: every model is scored on the same
    resamples of days, groups or rows (Efron & Tibshirani, An Introduction to the Bootstrap, 1993).

    Attributes:
        metric: the metric that decides.
        labels: class codes (int64) or values (float64), shape (rows,).
        candidate: predictions of the new model.
        baseline: predictions of the dummy baseline.
        columns: raw columns of the rows by name, target included.
        contract: types and roles of the columns.
        settings: thresholds, from the section `gate`.
        resampling: how the paired bootstrap draws rows.
        size: size of the exported model, in bytes.
        latency: latency of predicting one row, in seconds.
        champion: predictions of the champion, for rows that it was not trained on; None if there
            is no champion, or it cannot be compared.
        note: a remark on the comparison with the champion.
        hold: why the version must not be promoted automatically, whatever the rules decide; empty
            if it may.
        same_as: the champion that the candidate is identical to; empty if it is not.
        trial_follows: whether a version that passes is tried beside the champion on live labels
            (`loop.promotion: live`); else the gate decides alone.
        holdout: the held-out rows in words, e.g. `1,122 rows, 2013-02-14 to 2013-02-28`.
        holdout_digest: identifies these rows; scores on other rows cannot be compared.
        holdout_uses: number of earlier versions that were evaluated on the same rows.

    Examples:
        >>> comparison.rival, len(comparison)
        ('baseline', 200)
        >>> comparison.gain_over("baseline").low > 0
        True
    """

    metric: Metric
    labels: Labels
    candidate: Floats
    baseline: Floats
    columns: Columns
    contract: Contract
    settings: Gate
    resampling: Resampling
    size: int
    latency: float
    champion: Floats | None = None
    note: str = ""
    hold: str = ""
    same_as: str = ""
    trial_follows: bool = False
    holdout: str = ""
    holdout_digest: str = ""
    holdout_uses: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def rival(self) -> Rival:
        """The champion, or the baseline while there is none to compare with."""
        return "baseline" if self.champion is None else "champion"

    @property
    def score(self) -> Interval:
        """The metric of the candidate with its confidence bounds."""
        value, draws = self._scores["candidate"]
        return self.resampling.interval(value, draws)

    def score_of(self, rival: Rival) -> float:
        """The metric of another model on the same rows."""
        return self._scores[rival][0]

    @property
    def evidence(self) -> str:
        """The rows that an interval rests on, and the days or groups that were resampled."""
        rows, drawn = len(self), int(self.resampling.clusters.max()) + 1
        unit = "days" if self.contract.group is None else "groups"
        if drawn < rows:
            return f"{rows:,} rows of {drawn:,} {unit}"
        return f"{rows:,} rows, taken as independent"

    @property
    def margin(self) -> float:
        """`gate.margin` in units of the metric: that share of the baseline's loss.

        The loss of the baseline is its distance from a perfect score: from 0, or from 1 for a
        metric where greater is better.
        """
        perfect = 1.0 if self.metric.greater_is_better else 0.0
        return self.settings.margin * abs(perfect - self.score_of("baseline"))

    def gain_over(self, rival: Rival, confidence: float | None = None) -> Interval:
        """How much better the candidate is, with confidence bounds of the paired difference.

        In units of the metric; negative if the candidate is worse, whichever direction of the
        metric is better.

        Args:
            rival: the other model.
            confidence: confidence level of each bound, by default `gate.confidence`.
        """
        direction = self.metric.direction
        value, draws = self._scores["candidate"]
        rival_value, rival_draws = self._scores[rival]
        gains = direction * (draws - rival_draws)
        return self.resampling.interval(direction * (value - rival_value), gains, confidence)

    def predictions_of(self, rival: Rival) -> Floats:
        """Predictions of another model on the same rows."""
        if rival == "baseline":
            return self.baseline
        assert self.champion is not None
        return self.champion

    @cached_property
    def _scores(self) -> dict[str, tuple[float, Floats]]:
        """By model, its metric on all rows and on each resample."""
        predictions = {"candidate": self.candidate, "baseline": self.baseline}
        if self.champion is not None:
            predictions["champion"] = self.champion
        scorers = [self.metric.scorer(self.labels, model) for model in predictions.values()]
        draws, whole = self.resampling.scores(scorers), np.ones(len(self))
        return {
            name: (scorer(whole), draws[:, position])
            for position, (name, scorer) in enumerate(zip(predictions, scorers, strict=True))
        }
