"""How a challenger behaves, apart from how well it predicts: whether it answers, and how fast.

Neither needs labels. A bounded sample of the log is looked at, so that the cost does not grow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from ..duration import format_duration
from ..prediction_log import LoggedRow
from ..settings import Challenge
from .evidence import Trialled

# By then every service has picked up what is published.
_PICKED_UP = timedelta(hours=1)


@dataclass(frozen=True)
class Conduct:
    """What a sample of rows says of a challenger.

    Attributes:
        asked: rows that it should have answered.
        unanswered: of these, the ones that it did not.
        seconds: mean time of its model for a request; 0 where no time was taken.
        champion_seconds: the same of the champion.
    """

    asked: int
    unanswered: int
    seconds: float
    champion_seconds: float

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "unanswered": self.unanswered,
            "seconds": round(self.seconds, 6),
            "champion_seconds": round(self.champion_seconds, 6),
        }

    def objection(self, settings: Challenge) -> str | None:
        """What rules the challenger out, as a sentence; None if nothing does."""
        if self.asked < settings.min_labels:
            return None
        share = self.unanswered / self.asked
        if share > settings.max_unanswered:
            return (
                f"it left {share:.1%} of {self.asked} rows without an answer, at most "
                f"{settings.max_unanswered:.1%} are borne"
            )
        limit = settings.max_latency.total_seconds()
        if self.seconds > max(limit, settings.max_slowdown * self.champion_seconds):
            return (
                f"it takes {_milliseconds(self.seconds)} in the mean where the champion takes "
                f"{_milliseconds(self.champion_seconds)}, on {self.asked} rows; at most "
                f"{format_duration(settings.max_latency)}, or {settings.max_slowdown:g} times as "
                "long, are borne"
            )
        return None


def sample_size(settings: Challenge, share: float | None) -> int:
    """Rows to look at, so that enough of them were the challenger's to answer."""
    return ceil(2 * settings.min_labels / (share or 1))


def conduct(rows: Sequence[LoggedRow], trialled: Trialled, since: datetime) -> Conduct:
    """How the challenger behaved on rows of the log, from its first answer on.

    One that has never answered is asked from an hour after the beginning on.
    """
    asked, unanswered = 0, 0
    times: dict[str, list[float]] = {trialled.champion: [], trialled.challenger: []}
    begun = min(
        (row.record.event_time for row in rows if _answered(row, trialled.challenger)),
        default=since + _PICKED_UP,
    )
    for row in rows:
        if row.record.event_time < min(begun, since + _PICKED_UP):
            continue
        known = _answered(row, trialled.champion) or _answered(row, trialled.challenger)
        if known and (trialled.share is None or trialled.drawn(row) < trialled.share):
            asked += 1
            unanswered += not _answered(row, trialled.challenger)
        for output in row.record.outputs:
            if output.version in times and output.seconds is not None:
                times[output.version].append(output.seconds)
    champion, own = (sum(found) / max(len(found), 1) for found in times.values())
    return Conduct(asked, unanswered, own, champion)


def _answered(row: LoggedRow, version: str) -> bool:
    return any(output.version == version for output in row.record.outputs)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"
