"""Differences of the losses of champion and challenger, from logged rows.

In shadow both predict the same rows, and each row gives the difference of two losses.

In a split each key is assigned to one of them by its hash, and losses are weighted by the inverse
probability of the assignment: `-(loss - mean) / share` for the challenger, and
`(loss - mean) / (1 - share)` for the champion, where `mean` is that of the previous losses. This is
the doubly robust estimate, with a running mean as its model, of Waudby-Smith, Wu, Ramdas,
Karampatziakis & Mineiro, "Anytime-valid off-policy inference for contextual bandits", ACM/IMS
Journal of Data Science 1 (2024). Rows of one key are dependent, so each key counts once, with its
first labelled row; a row without an entity key is a key of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from .._traffic_split import bucket
from ..contract._model import Class
from ..evaluation._formatting import format_metric
from ..prediction_log import LoggedRow, Output

_INITIAL_MEAN = 0.25


@dataclass(frozen=True)
class LossDifference:
    """The difference of one row; a loss is None if the version did not predict the row.

    `loss_reduction` lies in [-1, 1], with a mean above zero if the challenger is better.
    """

    day: date
    loss_reduction: float
    champion_loss: float | None
    challenger_loss: float | None


@dataclass(frozen=True)
class ModelPair:
    """Two versions on trial, and how losses are computed.

    Attributes:
        classes: target values in code order; empty for regression.
        largest_error: the absolute error with a loss of 1, in units of the target; for regression.
        share: share of the keys that the challenger predicts in a split; None in shadow.
    """

    champion: str
    challenger: str
    classes: Sequence[Class]
    largest_error: float = 1.0
    share: float | None = None

    @property
    def loss_name(self) -> str:
        """Name of the mean loss; of two classes the halved Brier score is the metric `brier`."""
        if not self.classes:
            return f"rmse (errors clipped at {format_metric(self.largest_error)})"
        return "Brier score" if len(self.classes) == 2 else "halved Brier score"

    def mean_loss(self, mean: float) -> float:
        """A mean of losses, for regression in units of the target."""
        return mean if self.classes else self.largest_error * mean**0.5

    def loss_differences(self, rows: Iterable[LoggedRow]) -> Iterator[LossDifference]:
        """Differences of labelled rows, oldest first; other rows are skipped."""
        if self.share is None:
            return self._paired(rows)
        return self._split(rows, self.share)

    def drawn(self, row: LoggedRow) -> float:
        """The hash of a row's key in [0, 1); the challenger predicts those below the share."""
        return bucket(row.record.entity_key or row.record.prediction_id, self.challenger)

    def _paired(self, rows: Iterable[LoggedRow]) -> Iterator[LossDifference]:
        for row in rows:
            losses = self._losses(row)
            if self.champion in losses and self.challenger in losses:
                old, new = losses[self.champion], losses[self.challenger]
                yield LossDifference(row.record.event_time.date(), old - new, old, new)

    def _split(self, rows: Iterable[LoggedRow], share: float) -> Iterator[LossDifference]:
        known: set[float] = set()
        total, count, begun = _INITIAL_MEAN, 1, False
        for row in rows:
            losses, drawn = self._losses(row), self.drawn(row)
            old, new = losses.get(self.champion), losses.get(self.challenger)
            # Before its first prediction the service had not loaded the challenger.
            begun, before = begun or new is not None, begun
            own = new if drawn < share else old
            if not before or own is None or drawn in known:
                continue
            if row.record.entity_key is not None:
                known.add(drawn)
            surprise = own - total / count
            weighted = -surprise / share if drawn < share else surprise / (1 - share)
            total, count = total + own, count + 1
            yield LossDifference(
                row.record.event_time.date(),
                weighted * min(share, 1 - share),
                None if drawn < share else own,
                own if drawn < share else None,
            )

    def _losses(self, row: LoggedRow) -> dict[str, float]:
        if row.label is None:
            return {}
        return {
            output.version: loss(output, row.label.label, self.classes, self.largest_error)
            for output in row.record.outputs
            if output.version in (self.champion, self.challenger)
        }


def loss(output: Output, label: object, classes: Sequence[Class], largest_error: float) -> float:
    """Loss in [0, 1]: halved Brier score of the probabilities, or clipped squared error."""
    if output.probabilities is None:
        error = abs(float(output.prediction or 0) - float(label or 0))  # type: ignore[arg-type]
        return min(error / largest_error, 1.0) ** 2
    return 0.5 * sum(
        (probability - (value == label)) ** 2
        for value, probability in zip(classes, output.probabilities, strict=True)
    )
