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
from ..prediction_log import LoggedRow
from ._row_loss import RowLoss


@dataclass(frozen=True)
class LossDifference:
    """The difference of one row; a loss is None if the version did not predict the row.

    `loss_reduction` is above zero on average if the challenger is better.
    """

    day: date
    loss_reduction: float
    champion_loss: float | None
    challenger_loss: float | None


@dataclass(frozen=True)
class ModelPair:
    """Two versions on trial, and how losses are computed.

    Attributes:
        loss: the loss of a row.
        classes: target values in code order; empty for regression. Other labels do not count.
        share: share of the keys that the challenger predicts in a split; None in shadow.
    """

    champion: str
    challenger: str
    loss: RowLoss
    classes: Sequence[Class] = ()
    share: float | None = None

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
        total, count, begun = 0.0, 0, False
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
            surprise = own - total / count if count else 0.0  # the first row is the first mean
            weighted = -surprise / share if drawn < share else surprise / (1 - share)
            total, count = total + own, count + 1
            yield LossDifference(
                row.record.event_time.date(),
                weighted,
                None if drawn < share else own,
                own if drawn < share else None,
            )

    def _losses(self, row: LoggedRow) -> dict[str, float]:
        if row.label is None or not self._accepts(row.label.label):
            return {}
        return {
            output.version: self.loss.of_row(output, row.label.label)
            for output in row.record.outputs
            if output.version in (self.champion, self.challenger)
        }

    def _accepts(self, label: object) -> bool:
        return label in self.classes if self.classes else isinstance(label, int | float)
