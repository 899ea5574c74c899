"""The candidate, the baseline and the champion on the same held-out rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ..contract import Contract
from ..contract.columns import Columns
from ..settings import Gate
from .bootstrap import Resampling
from .interval import Interval
from .metrics import Floats, Metric
from .target import Labels

Rival = Literal["baseline", "champion"]


@dataclass(frozen=True)
class Comparison:
    """What a gate rule decides from: predictions of several models on the same held-out rows.

    Predictions are probabilities of shape (rows, classes), or values of shape (rows,).

    Attributes:
        metric: that decides.
        labels: class codes or values, shape (rows,).
        candidate: predictions of the model that wants to pass.
        baseline: those of the dummy baseline.
        columns: raw columns of the rows by name, target included.
        contract: what the columns are.
        settings: thresholds, from the section `gate`.
        resampling: how the paired bootstrap draws rows.
        size: bytes of the exported model.
        latency: seconds that it takes to predict one row.
        champion: predictions of the champion, on rows that it was not trained on; None if there
            is no champion, or it cannot be compared.
        note: what else is to be known about the comparison with the champion.
        hold: why the version must not be promoted automatically, whatever the rules say; empty
            if it may.
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
        """The metric of the candidate, with its confidence bounds."""
        values, draws = self._scores
        return self.resampling.interval(values[0], draws[:, 0])

    def score_of(self, rival: Rival) -> float:
        """The metric of another model on the same rows."""
        return self._scores[0][1 if rival == "baseline" else 2]

    def gain_over(self, rival: Rival) -> Interval:
        """How much better the candidate is, with confidence bounds of the paired difference.

        In units of the metric; negative where the candidate is worse, whichever direction of the
        metric is better.
        """
        at, direction = 1 if rival == "baseline" else 2, self.metric.direction
        values, draws = self._scores
        gained = direction * (draws[:, 0] - draws[:, at])
        return self.resampling.interval(direction * (values[0] - values[at]), gained)

    def predictions_of(self, rival: Rival) -> Floats:
        """Predictions of another model on the same rows."""
        if rival == "baseline":
            return self.baseline
        assert self.champion is not None
        return self.champion

    @cached_property
    def _scores(self) -> tuple[list[float], Floats]:
        """Of candidate, baseline and champion: the metric on all rows, and on each resample."""
        models = [self.candidate, self.baseline]
        models += [] if self.champion is None else [self.champion]
        scorers = [self.metric.scorer(self.labels, predicted) for predicted in models]
        whole = np.ones(len(self))
        return [scorer(whole) for scorer in scorers], self.resampling.scores(scorers)
