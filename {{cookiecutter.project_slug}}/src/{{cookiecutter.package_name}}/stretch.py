"""Stretches of the past as the settings write them.

`loop.data`, what is retrained on: `expanding`, all rows; `sliding:90d`, those of the last 90 days.

`monitoring.reference`, what a window is compared with: `holdout`, the champion's held-out rows;
`trailing:90d`, the log of the 90 days before the window; `before:365d`, the log of the same period,
so long before.
"""

from datetime import datetime, timedelta

from .duration import parse_duration


def parse_trained_on(text: object) -> timedelta | None:
    """Read `expanding`, which is None, or `sliding:90d`.

    Raises:
        ValueError: if the text is neither.
    """
    if text is None or text == "expanding":
        return None
    kind, _, span = str(text).partition(":")
    if kind != "sliding" or not span:
        raise ValueError(f"{text!r} is neither `expanding` nor a window such as `sliding:90d`")
    return parse_duration(span)


def check_reference(text: str) -> str:
    """Let `holdout`, `trailing:90d` and `before:365d` pass.

    Raises:
        ValueError: if the text is none of these.
    """
    kind, _, span = text.partition(":")
    if text != "holdout" and kind not in ("trailing", "before"):
        raise ValueError("neither `holdout` nor a stretch as `trailing:90d` or `before:365d`")
    if text != "holdout":
        parse_duration(span)
    return text


def past_window(setting: str, since: datetime, until: datetime) -> tuple[datetime, datetime] | None:
    """The stretch of the log that a checked setting means; None for the holdout."""
    kind, _, text = setting.partition(":")
    if not text:
        return None
    span = parse_duration(text)
    return (since - span, since if kind == "trailing" else until - span)


def past_needed(setting: str) -> timedelta:
    """How far before the beginning of a window the log has to reach."""
    text = setting.partition(":")[2]
    return parse_duration(text) if text else timedelta(0)
