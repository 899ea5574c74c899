"""Guardrails of a challenger: missing predictions and latency.

They need no labels, and are computed from a bounded sample of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from .._duration import format_duration
from .._settings import Challenge
from ..prediction_log import LoggedRow, PredictionLog
from ._paired_loss import ModelPair

# Until then services may not have loaded the version.
_PICKED_UP = timedelta(hours=1)
# At most this many times the sample is read where most rows were asked for before the trial.
_MOST_READ = 64


@dataclass(frozen=True)
class GuardrailMetrics:
    """Metrics of a challenger on a sample of rows.

    Attributes:
        expected: number of rows that it should have predicted.
        missing: number of these without its prediction.
        seconds: mean time of its model for a request; 0 if unknown.
        champion_seconds: mean time of the champion.
    """

    expected: int
    missing: int
    seconds: float
    champion_seconds: float

    @property
    def metrics(self) -> dict[str, Any]:
        return {
            "expected": self.expected,
            "missing": self.missing,
            "seconds": round(self.seconds, 6),
            "champion_seconds": round(self.champion_seconds, 6),
        }

    def violation(self, settings: Challenge) -> str | None:
        """The guardrail that is violated, as a sentence; None if none is."""
        if self.expected < settings.min_labels:
            return None
        share = self.missing / self.expected
        if share > settings.max_missing_predictions:
            return (
                f"no prediction for {share:.1%} of {self.expected:,} rows "
                f"(limit {settings.max_missing_predictions:.1%})"
            )
        limit = settings.max_latency.total_seconds()
        if self.seconds > max(limit, settings.max_slowdown * self.champion_seconds):
            return (
                f"it takes {_milliseconds(self.seconds)} a request on average, the champion "
                f"{_milliseconds(self.champion_seconds)}, on {self.expected:,} rows (limit "
                f"{format_duration(settings.max_latency)}, or {settings.max_slowdown:g} times the "
                "champion's)"
            )
        return None


def sample_size(settings: Challenge, share: float | None) -> int:
    """Size of a sample that has enough rows of the challenger."""
    return ceil(2 * settings.min_labels / (share or 1))


def sample_arrived(
    log: PredictionLog, since: datetime, until: datetime, limit: int
) -> list[LoggedRow]:
    """At most `limit` rows of a window in event time that arrived in it, drawn uniformly.

    Rows that were asked for earlier, e.g. forecasts, are left out: only the versions of then could
    predict them.
    """
    asked = limit
    while True:
        rows = log.sample(since, until, asked)
        arrived = [row for row in rows if row.record.arrival_time >= since]
        if len(arrived) >= limit or len(rows) < asked or asked >= _MOST_READ * limit:
            return arrived[:limit]
        asked *= 4


def measure_guardrails(
    rows: Sequence[LoggedRow], model_pair: ModelPair, since: datetime
) -> GuardrailMetrics:
    """Guardrail metrics of the challenger since its first prediction, by arrival of the rows.

    Without a prediction, since one hour after the beginning of the trial.

    Args:
        rows: rows that arrived since the beginning of the trial.
        model_pair: the two versions.
        since: the beginning.
    """
    expected, missing = 0, 0
    times: dict[str, list[float]] = {model_pair.champion: [], model_pair.challenger: []}
    begun = min(
        (row.record.arrival_time for row in rows if _answered(row, model_pair.challenger)),
        default=since + _PICKED_UP,
    )
    for row in rows:
        if row.record.arrival_time < min(begun, since + _PICKED_UP):
            continue
        known = _answered(row, model_pair.champion) or _answered(row, model_pair.challenger)
        if known and (model_pair.share is None or model_pair.drawn(row) < model_pair.share):
            expected += 1
            missing += not _answered(row, model_pair.challenger)
        for output in row.record.outputs:
            if output.version in times and output.seconds is not None:
                times[output.version].append(output.seconds)
    champion, own = (sum(seconds) / max(len(seconds), 1) for seconds in times.values())
    return GuardrailMetrics(expected, missing, own, champion)


def _answered(row: LoggedRow, version: str) -> bool:
    return any(output.version == version for output in row.record.outputs)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"
