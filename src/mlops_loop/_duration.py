"""Durations in configuration: `200ms`, `30s`, `15m`, `36h`, `7d`."""

import re
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MILLISECOND = timedelta(milliseconds=1)
LONGEST = timedelta(days=36_525)  # sums and differences with dates stay within the calendar
_FORM = re.compile(r"(\d+)(ms|[smhd])")


def parse_duration(text: object, *, longest: timedelta = LONGEST) -> timedelta:
    """Parse a duration, e.g. `36h`.

    Raises:
        ValueError: if the text is not an integer followed by ms, s, m, h or d, or if the duration
            is longer than `longest`, by default a century.
    """
    if isinstance(text, timedelta):
        return text
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise ValueError(
            f"invalid duration {text!r}: expected a number and a unit (ms, s, m, h, d), e.g. 36h"
        )
    try:
        duration: timedelta | None = timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):  # more days, or more digits, than Python has room for
        duration = None
    if duration is None or duration > longest:
        raise ValueError(f"duration {match[0]:.40} is too long: expected {longest.days}d at most")
    return duration


def format_duration(duration: timedelta) -> str:
    """Format a duration in the largest unit of which it is a multiple."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    if duration == timedelta(seconds=seconds):
        return f"{seconds}s"
    return f"{duration // MILLISECOND}ms"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)
]
# One that is only compared may reach beyond the calendar.
UnboundedDuration = Annotated[
    timedelta,
    BeforeValidator(partial(parse_duration, longest=timedelta.max)),
    PlainSerializer(format_duration, return_type=str),
]
