"""From logged rows to what is bet on: how much more the champion lost than the challenger.

In shadow both predict the same rows, and each row gives the difference of two losses.

In a split each key meets one of them, drawn by its hash, so that a loss weighted by what was
likely to be drawn has the right mean: `-(loss - usual) / share` of the challenger's, and
`(loss - usual) / (1 - share)` of the champion's, where `usual` is the mean of the losses before.
That is the doubly robust estimate, with a running mean for its model, of Waudby-Smith, Wu, Ramdas,
Karampatziakis and Mineiro, "Anytime-valid off-policy inference for contextual bandits", ACM/IMS
Journal of Data Science 1 (2024). Rows of one key belong together, and a key that comes again tells
little that is new, so each key counts once, with its first labelled row; a row without an entity
key is a key of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from ..contract.model import Class
from ..prediction_log import LoggedRow, Output
from ..serving.identifiers import fraction

_USUAL_AT_FIRST = 0.25


@dataclass(frozen=True)
class LossDifference:
    """What one row tells; a loss is None where the version did not answer it.

    `loss_reduction` lies in [-1, 1], with a mean above zero if the challenger is better.
    """

    day: date
    loss_reduction: float
    champion_loss: float | None
    challenger_loss: float | None


@dataclass(frozen=True)
class ModelPair:
    """Two versions on trial, and how the loss of an answer is told.

    Attributes:
        classes: target values in code order; empty for regression.
        largest_error: for regression, the error from which on a loss is 1, in units of the target.
        share: of the keys that the challenger answers in a split; None in shadow.
    """

    champion: str
    challenger: str
    classes: Sequence[Class]
    largest_error: float = 1.0
    share: float | None = None

    def loss_differences(self, rows: Iterable[LoggedRow]) -> Iterator[LossDifference]:
        """What labelled rows tell, oldest first; those that tell nothing are passed over."""
        if self.share is None:
            return self._paired(rows)
        return self._split(rows, self.share)

    def drawn(self, row: LoggedRow) -> float:
        """Where the key of a row fell in the draw of a split; below the share, the challenger."""
        return fraction(row.record.entity_key or row.record.prediction_id, self.challenger)

    def _paired(self, rows: Iterable[LoggedRow]) -> Iterator[LossDifference]:
        for row in rows:
            found = self._losses(row)
            if self.champion in found and self.challenger in found:
                old, new = found[self.champion], found[self.challenger]
                yield LossDifference(row.record.event_time.date(), old - new, old, new)

    def _split(self, rows: Iterable[LoggedRow], share: float) -> Iterator[LossDifference]:
        known: set[float] = set()
        total, count, begun = _USUAL_AT_FIRST, 1, False
        for row in rows:
            losses, drawn = self._losses(row), self.drawn(row)
            old, new = losses.get(self.champion), losses.get(self.challenger)
            # Until the challenger's first answer the service had not picked it up.
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
