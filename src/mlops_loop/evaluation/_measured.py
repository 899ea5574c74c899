"""What was measured on the held-out rows, as plain values."""

from dataclasses import dataclass

import msgspec

from ._interval import Interval


@dataclass(frozen=True)
class Score:
    """One metric on the held-out rows, and its direction."""

    name: str
    interval: Interval
    better: str


@dataclass(frozen=True)
class Bin:
    """Rows with similar predictions: the mean prediction and the mean label."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True)
class Importance:
    """The importance of a column, in the unit of the method."""

    column: str
    importance: float


class Measured(msgspec.Struct, frozen=True):
    """Metrics of a model on the held-out rows.

    Attributes:
        metrics: the deciding metric and the reported ones, by name.
        rows: number of held-out rows.
        deciles: the nine deciles of the predictions; empty for classes.
        scores: every metric with its confidence bounds.
        reliability: bins of the reliability diagram.
        importances: permutation importance of the features.
    """

    metrics: dict[str, float]
    rows: int
    deciles: tuple[float, ...]
    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]
