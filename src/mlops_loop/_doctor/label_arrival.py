"""Whether enough labels arrive for what the settings ask, at the row rate of the prediction log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from .._duration import format_duration
from .._project import Project
from .._settings import Settings
from ..contract import Contract
from ..errors import ProjectError
from ..prediction_log import Counts, PredictionLog

# A log that covers a smaller part of a window says little about the rate.
_PART_OF_WINDOW = 4
DAY = timedelta(days=1)


@dataclass(frozen=True)
class LabelCoverage:
    """The labels of the latest predictions that are older than `label_horizon`.

    Attributes:
        since: beginning of the period, in event time; it is `monitoring.window` long.
        until: its end, excluded.
        counts: predictions of the period, and their labels.
    """

    since: datetime
    until: datetime
    counts: Counts

    @property
    def share(self) -> float:
        """Share of the predictions with a label; 1 if there are none."""
        return self.counts.labels / self.counts.predictions if self.counts.predictions else 1.0

    def to_json(self) -> dict[str, object]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "predictions": self.counts.predictions,
            "labels": self.counts.labels,
            "share": self.share,
        }

    def summary(self) -> str:
        period = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"
        labels, rows = self.counts.labels, self.counts.predictions
        return f"{period}: {labels:,} of {rows:,} predictions have a label ({self.share:.0%})"


def label_coverage(
    settings: Settings, contract: Contract, log: PredictionLog, now: datetime
) -> LabelCoverage:
    """Count the labels that should have arrived by now."""
    until = now - contract.label_horizon
    since = until - settings.monitoring.window
    return LabelCoverage(since, until, log.count(since, until))


@dataclass(frozen=True)
class LabelRate:
    """How labels arrive.

    Attributes:
        rows: mean number of predictions a day, in the last window.
        labelled: share of the mature predictions with a label; 1 if none are mature.
    """

    rows: float
    labelled: float

    def within(self, period: timedelta) -> float:
        """Labels to expect for the predictions of a period."""
        return self.rows * self.labelled * (period / DAY)

    def __str__(self) -> str:
        return f"{self.rows:,.3g} predictions a day, of which {self.labelled:.0%} get a label"


def arrival_warnings(project: Project) -> list[str]:
    """What the settings ask and the project's log does not have; nothing if it cannot be read."""
    settings = project.settings
    try:
        rate = label_rate(settings, project.contract, project.log, project.clock.now())
    except ProjectError:  # other commands say so
        return []
    return [] if rate is None else list(label_warnings(settings, rate))


def label_rate(
    settings: Settings, contract: Contract, log: PredictionLog, now: datetime
) -> LabelRate | None:
    """The rate at which labels arrive; None if the log does not say."""
    window = settings.monitoring.window
    first = next(iter(log.rows(now - window, now)), None)
    if first is None:
        return None
    covered = now - first.record.event_time
    if covered < window / _PART_OF_WINDOW:
        return None
    predictions = log.count(now - covered, now).predictions
    labelled = label_coverage(settings, contract, log, now).share
    return LabelRate(predictions / (covered / DAY), labelled)


def label_warnings(settings: Settings, rate: LabelRate) -> Iterator[str]:
    """What the settings ask and the log does not have, with the remedy.

    Args:
        settings: windows, durations and minimum numbers of labels.
        rate: how labels arrive.
    """
    monitoring, challenge = settings.monitoring, settings.challenge
    if text := _short(rate, "monitoring", "window", monitoring.window, monitoring.min_labels):
        yield f"performance will stay unknown: {text}"
    if settings.loop.promotion != "live":
        return
    needed = challenge.min_labels
    if text := _short(rate, "challenge", "max_duration", challenge.max_duration, needed):
        yield f"a trial will end without a decision: {text}"
    if challenge.probation and (
        text := _short(rate, "challenge", "probation", challenge.probation, needed)
    ):
        yield f"a probation will end without a decision: {text}"


def _short(rate: LabelRate, section: str, key: str, period: timedelta, needed: int) -> str:
    expected = rate.within(period)
    if expected >= needed:
        return ""
    text = (
        f"about {expected:,.0f} labels are expected in {section}.{key} ({format_duration(period)}) "
        f"at {rate}, but {section}.min_labels is {needed:,}"
    )
    if not expected:
        return f"{text}; submit labels to `/labels` or the command `label`"
    days = ceil(needed / rate.within(DAY))
    return (
        f"{text}; set {section}.{key} to {days}d or longer, or {section}.min_labels to at most "
        f"{max(int(expected), 1):,}"
    )
