"""Spans of time as people write them in configuration: `200ms`, `30s`, `15m`, `36h`, `7d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
MILLISECOND = timedelta(milliseconds=1)
_FORM = re.compile(r"(\d+)(ms|[smhd])")


def parse_duration(text: object) -> timedelta:
    """Read `36h` and the like.

    Raises:
        ValueError: if the text is not a whole number followed by ms, s, m, h or d.
    """
    if isinstance(text, timedelta):
        return text
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is no duration: write a whole number and s, m, h or d, as 36h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def format_duration(span: timedelta) -> str:
    """Write a span with the largest unit that holds it in whole numbers."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s" if span == timedelta(seconds=seconds) else f"{span // MILLISECOND}ms"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)
]
