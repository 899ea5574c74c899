"""The candidate, the baseline and the champion on the same held-out rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from .._settings import Gate
from ..contract import Contract
from ..contract._columns import Columns
from ._bootstrap import Resampling
from ._interval import Interval
from ._metrics import Floats, Metric
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

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def rival(self) -> Rival:
        """The champion, or the baseline while there is none to compare with."""
        return "baseline" if self.champion is None else "champion"

    @property
    def score(self) -> Interval:
        """The metric of the candidate with its confidence bounds."""
        values, draws = self._scores
        return self.resampling.interval(values[0], draws[:, 0])

    def score_of(self, rival: Rival) -> float:
        """The metric of another model on the same rows."""
        return self._scores[0][1 if rival == "baseline" else 2]

    def gain_over(self, rival: Rival) -> Interval:
        """How much better the candidate is, with confidence bounds of the paired difference.

        In units of the metric; negative if the candidate is worse, whichever direction of the
        metric is better.
        """
        position, direction = 1 if rival == "baseline" else 2, self.metric.direction
        values, draws = self._scores
        gains = direction * (draws[:, 0] - draws[:, position])
        return self.resampling.interval(direction * (values[0] - values[position]), gains)

    def predictions_of(self, rival: Rival) -> Floats:
        """Predictions of another model on the same rows."""
        if rival == "baseline":
            return self.baseline
        assert self.champion is not None
        return self.champion

    @cached_property
    def _scores(self) -> tuple[list[float], Floats]:
        """The metric of candidate, baseline and champion on all rows and on each resample."""
        models = [self.candidate, self.baseline]
        models += [] if self.champion is None else [self.champion]
        scorers = [self.metric.scorer(self.labels, predicted) for predicted in models]
        whole = np.ones(len(self))
        return [scorer(whole) for scorer in scorers], self.resampling.scores(scorers)
