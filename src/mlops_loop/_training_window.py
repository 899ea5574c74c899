"""Periods of the past in the settings.

`loop.training_window`, what is retrained on: `expanding`, all rows; `sliding:90d`, those of the
last 90 days;
`since_change:60d`, those since the change, and no fewer than the last 60 days.

`monitoring.reference`, what a window is compared with: `holdout`, the champion's held-out rows;
`trailing:90d`, the log of the 90 days before the window; `before:365d`, the log of the same period,
so long before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ._duration import parse_duration


@dataclass(frozen=True)
class TrainingWindow:
    """The rows of a retraining.

    Attributes:
        span: the last days; None for all rows.
        since_change: whether to start where a change began, if that is earlier.
    """

    span: timedelta | None = None
    since_change: bool = False

    def since(self, now: datetime, changed: datetime | None) -> datetime | None:
        """The first event time; None for all rows, also if no change is known."""
        if self.span is None or (self.since_change and changed is None):
            return None
        return min(now - self.span, changed or now) if self.since_change else now - self.span


def parse_training_window(text: object) -> TrainingWindow:
    """Read `expanding`, `sliding:90d` or `since_change:60d`.

    Raises:
        ValueError: if the text is none of these.
    """
    kind, _, span = str(text).partition(":")
    if text is None or (kind, span) == ("expanding", ""):
        return TrainingWindow()
    if kind not in ("sliding", "since_change") or not span:
        raise ValueError(
            f"{text!r}: expected one of `expanding`, `sliding:90d` and `since_change:60d`"
        )
    return TrainingWindow(parse_duration(span), kind == "since_change")


def check_reference(text: str) -> str:
    """Validate `holdout`, `trailing:90d` and `before:365d`.

    Raises:
        ValueError: if the text is none of these.
    """
    kind, _, span = text.partition(":")
    if text != "holdout" and kind not in ("trailing", "before"):
        raise ValueError("expected `holdout` or a period, e.g. `trailing:90d` or `before:365d`")
    if text != "holdout":
        parse_duration(span)
    return text


def past_window(setting: str, since: datetime, until: datetime) -> tuple[datetime, datetime] | None:
    """The interval of the log; None for the holdout."""
    kind, _, text = setting.partition(":")
    if not text:
        return None
    span = parse_duration(text)
    return (since - span, since if kind == "trailing" else until - span)


def past_needed(setting: str) -> timedelta:
    """How long before a window rows of the log are needed."""
    text = setting.partition(":")[2]
    return parse_duration(text) if text else timedelta(0)
