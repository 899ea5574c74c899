"""Numbers, booleans and datetimes as texts of a request, read as the same texts in a file.

A service does without Arrow, with which `_text_normalization.py` reads the columns of a file. What
both need is here.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from ._column_definition import Column, ParseOptions

# Texts that are a missing number, boolean or datetime whatever the contract says. In a category
# they are values unless its `parsing.missing` lists them: NA may be North America.
NO_VALUE = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL")
TRUTH = {"true": True, "1": True, "false": False, "0": False}
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
NEGATIVE = r"^(?:\((.*\d.*)\)|([^-]*\d[^-]*)-)$"
TIME_PARTS = (
    r"^(?P<body>.*?\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,9}))?(?P<half>\s?[AaPp][Mm])?"
    r"(?:\s*(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?$"
)
# Moments of other centuries are years with two digits, read with the wrong format.
YEARS = (1000, 2999)
# Microseconds of a unit, and the digits that stay within 64 bits and the calendar.
EPOCHS = {
    "s": (1e6, r"\d{1,11}"),
    "ms": (1e3, r"\d{1,14}"),
    "us": (1.0, r"\d{1,17}"),
    "ns": (1e-3, r"[1-8]?\d{1,18}"),
}
# Python's patterns backtrack, so that a longer text could take very long.
_LONGEST = 200


def read_text(column: Column, text: str) -> float | bool | datetime | None:
    """What a text means in a column of numbers, booleans or datetimes; None if it is missing.

    Raises:
        ValueError, OverflowError: if it means nothing.
    """
    parsing = column.parsing or ParseOptions()
    text = text.strip() if parsing.trim else text
    if text in parsing.missing or text.strip() in NO_VALUE:
        return None
    text = text.strip()
    if len(text) > _LONGEST:
        raise ValueError("too long")
    if column.type == "datetime":
        return _moment(parsing, text)
    return _truth(parsing, text) if column.type == "boolean" else _number(parsing, text)


def iso_only(column: Column) -> Callable[[Any], Any] | None:
    """Raises ValueError for texts that the column may not read as ISO 8601; None if it has none."""
    if column.type != "datetime" or column.parsing is None:
        return None
    absent = column.missing_words
    # With a format such as %Y-%d-%m, what looks like ISO 8601 can be another day.
    is_ambiguous = any(pattern[:2] in ("%Y", "%y") for pattern in column.parsing.formats)
    separators = ("T",) if is_ambiguous else ("T", " ", "")

    def checked(text: str | None) -> str | None:
        if text is not None:
            if text[4:5] != "-" or text[10:11] not in separators or text in absent:
                raise ValueError(text)
            # Here already: a text that fails later costs all rows of a batch the fast path.
            datetime.fromisoformat(text)
        return text

    return checked


def thousands_pattern(thousands: str, decimal: str) -> str:
    """Numbers whose digits are grouped by three, or as in 12,34,567; 1,23 is not 123."""
    above = r"(?:,\d{2,3})*" if thousands == "," else ""
    return rf"^([+-]?\d{{1,3}}{above}(?:[{thousands}]\d{{3}})+)(?:[{decimal}]\d+)?$"


def _number(parsing: ParseOptions, text: str) -> float | None:
    if parsing.strip or parsing.thousands or parsing.decimal != ".":
        text = _without_signs(parsing, text)
    if text in NO_VALUE:
        return None
    text = _with_minus(text)
    if not _match(NUMBER, text):
        raise ValueError(text)
    return float(text)


def _without_signs(parsing: ParseOptions, text: str) -> str:
    text, strip, thousands = _with_minus(text), parsing.strip, parsing.thousands
    if strip:
        text = re.sub(rf"^([+-])[{re.escape(strip)} ]+", r"\1", text.strip(f"{strip} "))
    if thousands and _match(thousands_pattern(thousands, parsing.decimal), text):
        text = text.replace(thousands, "")
    return text.replace(parsing.decimal, ".").strip()


def _with_minus(text: str) -> str:
    text = text.replace("\u2212", "-")
    negative = _match(NEGATIVE, text)
    return f"-{negative[1] or negative[2]}" if negative else text


def _truth(parsing: ParseOptions, text: str) -> bool:
    word = text.lower()
    for value, words in ((True, parsing.true_words), (False, parsing.false_words)):
        if word in [known.lower() for known in words]:
            return value
    if word not in TRUTH:
        raise ValueError(text)
    return TRUTH[word]


def _moment(parsing: ParseOptions, text: str) -> datetime:
    text = re.sub(r"^(\d+)\.0$", r"\1", text, flags=re.ASCII)
    for name, offset in parsing.zones.items():
        text = re.sub(rf"\s*\b{re.escape(name)}$", offset, text, flags=re.ASCII)
    for pattern in parsing.formats:
        with suppress(ValueError, OverflowError):
            return _in_format(text, pattern)
    if parsing.epoch and _match(rf"-?{EPOCHS[parsing.epoch][1]}(\.\d+)?", text):
        return _since_1970(text, EPOCHS[parsing.epoch][0])
    return datetime.fromisoformat(text)


def _in_format(text: str, pattern: str) -> datetime:
    if "%q" in pattern:
        expression = pattern.replace("%Y", r"(?P<year>\d{4})").replace("%q", "(?P<quarter>[1-4])")
        if not (quarter := _match(expression, text)):
            raise ValueError(text)
        return datetime(int(quarter["year"]), 3 * int(quarter["quarter"]) - 2, 1)
    later = timedelta()
    if "%M" in pattern and (parts := _match(TIME_PARTS, text)):
        text = parts["body"] + (parts["half"] or "")
        later = timedelta(microseconds=int(f"{parts['fraction'] or ''}000000"[:6]))
        offset = timedelta(hours=int(parts["hours"] or 0), minutes=int(parts["minutes"] or 0))
        later += offset if parts["sign"] == "-" else -offset
    moment = datetime.strptime(text, pattern) + later
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(text)
    return moment


def _since_1970(text: str, size: float) -> datetime:
    whole = int(text.partition(".")[0])
    if size <= 1:
        unit = round(1 / size)
        micro = whole // unit if whole >= 0 else -(-whole // unit)
    else:
        micro = whole * round(size) + round((float(text) - whole) * size)
    return datetime(1970, 1, 1) + timedelta(microseconds=micro)


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.ASCII)
