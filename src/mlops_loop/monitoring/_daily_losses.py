"""Daily means of a version's excess loss; days that were read before are not read again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._target import Labels
from ..prediction_log import LoggedRow
from ._excess_loss import excess_losses
from ._samples import output_of
from ._window import MonitoringWindow

LOOK_BACK = timedelta(days=90)
_FEWEST_ROWS = 5  # of a day
_SAMPLES = 3  # `LOOK_BACK` is read in this multiple of `monitoring.sample_rows`

Days = NDArray[Any]


@dataclass(frozen=True)
class DailyLosses:
    """Sums of the excess loss by day.

    Attributes:
        days: the days that have rows, in order.
        counts: number of rows of each.
        sums: sums of both parts of the excess loss, shape (days, parts).
    """

    days: Days
    counts: NDArray[np.int64]
    sums: Floats

    @classmethod
    def of(cls, days: Days, losses: Floats) -> Self:
        """The sums of rows, given the day and the losses of each."""
        dates, inverse, counts = np.unique(days, return_inverse=True, return_counts=True)
        sums = np.zeros((len(dates), losses.shape[1]))
        np.add.at(sums, inverse, losses)
        return cls(dates, counts, sums)

    def since(self, day: np.datetime64) -> Self:
        """Without the days before one."""
        mask = self.days >= day
        return type(self)(self.days[mask], self.counts[mask], self.sums[mask])

    def then(self, later: Self) -> Self:
        """With days that come later."""
        return type(self)(
            np.concatenate([self.days, later.days]),
            np.concatenate([self.counts, later.counts]),
            np.concatenate([self.sums, later.sums]),
        )

    def means(self) -> tuple[Days, Floats]:
        """The days with enough rows, and the means of these."""
        enough = self.counts >= _FEWEST_ROWS
        return self.days[enough], self.sums[enough] / self.counts[enough, None]


class DailyLossReader:
    """Reads the daily losses of the champion; days that it has read before come from memory.

    Days are read when all of their labels are known, so that they change no more.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._until = datetime.min.replace(tzinfo=UTC)
        self._losses: DailyLosses | None = None

    def read(self, window: MonitoringWindow, until: datetime) -> DailyLosses:
        """The losses of `LOOK_BACK` before a midnight."""
        since, key = until - LOOK_BACK, (window.version, window.metric.name)
        if key != self._key or not since <= self._until <= until:
            self._key, self._until, self._losses = key, since, None
        if self._losses is None:
            self._losses = _read(window, since, until)
        elif self._until < until:
            first = np.datetime64(since.replace(tzinfo=None), "D")
            self._losses = self._losses.since(first).then(_read(window, self._until, until))
        self._until = until
        return self._losses


def _read(window: MonitoringWindow, since: datetime, until: datetime) -> DailyLosses:
    limit = _SAMPLES * window.settings.monitoring.sample_rows * ((until - since) / LOOK_BACK)
    rows = window.log.sample(since, until, ceil(limit), labelled=True, version=window.version)
    days, scores, labels = _labelled(window.contract, rows, window.version)
    losses = excess_losses(window.metric.name, scores, labels, window.holdout.scores)
    return DailyLosses.of(days, losses)


def _labelled(
    contract: Contract, rows: list[LoggedRow], version: str
) -> tuple[Days, Floats, Labels]:
    """Days, scores and labels of rows that the version predicted and whose label is valid."""
    codes: Mapping[object, int] = {value: code for code, value in enumerate(contract.classes)}
    days: list[datetime] = []
    scores: list[object] = []
    labels: list[float] = []
    for row in rows:
        output, label = output_of(row, version), row.label.label if row.label else None
        if output is None or (label not in codes if codes else not isinstance(label, int | float)):
            continue
        days.append(row.record.event_time.astimezone(UTC).replace(tzinfo=None))
        scores.append(output.probabilities if codes else output.prediction)
        labels.append(codes[label] if codes else float(label))  # type: ignore[arg-type]
    shape = (len(days), len(codes)) if codes else (len(days),)
    return (
        np.array(days, dtype="datetime64[D]"),
        np.array(scores, dtype=np.float64).reshape(shape),
        np.array(labels, dtype=np.float64),
    )
