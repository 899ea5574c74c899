"""Detection of date and time formats."""

from dataclasses import dataclass
from datetime import datetime
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._column_definition import ParseOptions
from ..contract._text_normalization import read_epoch, read_format

# Ambiguous dates such as 05/06 follow the convention of the separator: month first with slashes,
# day first with periods and dashes.
_DAYS = (
    "%Y-%m-%d %Y/%m/%d %Y.%m.%d %d.%m.%Y %d-%m-%Y %m/%d/%Y %d/%m/%Y %m-%d-%Y "
    "%d.%m.%y %m/%d/%y %d/%m/%y %d-%m-%y %d-%b-%Y %d-%b-%y %Y-%m"
).split() + ["%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y"]
_TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = tuple(day + time for time, day in product(_TIMES, _DAYS))
_COMPACT = {r"^(19|20)\d{6}$": "%Y%m%d", r"^(1[5-9]|20)\d\d$": "%Y", r"^(19|20)\d{4}$": "%Y%m"}
_EPOCHS = {r"^\d{9,10}$": "s", r"^\d{12,13}$": "ms"}
_MAX_FORMATS = 4


@dataclass(frozen=True)
class DatetimeFormats:
    """Datetime formats of a column.

    Attributes:
        share: share of the texts in these formats.
        parsing: the formats, None for ISO 8601.
        note: what the user should check.
    """

    share: float
    parsing: ParseOptions | None
    note: str = ""


def infer_datetime_format(texts: pa.Array) -> DatetimeFormats | None:
    """The formats that together parse most texts; None if none parses any.

    Args:
        texts: trimmed texts without nulls.
    """
    digits = pc.match_substring_regex(texts, r"^[\d.+-]+$")
    pointed = pc.match_substring_regex(texts, r"^\d{1,4}[.-]\d{1,2}([.-]\d{1,4})?$")
    if pc.any(pc.and_not(digits, pointed)).as_py():
        return None
    rest = pc.filter(texts, pa.array([not _is_iso(text) for text in texts.to_pylist()]))
    formats: list[str] = []
    while len(rest) and len(formats) < _MAX_FORMATS:
        counted = {pattern: _count(rest, pattern) for pattern in _FORMATS}
        best = max(_FORMATS, key=lambda pattern: counted[pattern])
        if not counted[best]:
            break
        formats.append(best)
        rest = rest.filter(pc.is_null(read_format(rest, best)))
    share = 1 - len(rest) / max(len(texts), 1)
    parsing = ParseOptions(formats=tuple(formats)) if formats else None
    return DatetimeFormats(share, parsing, _ambiguity(texts, formats)) if share else None


def read_compact(texts: pa.Array, *, dates_only: bool = False) -> DatetimeFormats | None:
    """Formats of datetimes that consist of digits, e.g. 20130131, 201301, 1949, or an epoch.

    Args:
        texts: whole numbers as texts, without nulls.
        dates_only: whether to try full dates only, which are rarely mistaken for numbers.
    """
    for pattern, form in list(_COMPACT.items())[: 1 if dates_only else None]:
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py() and _all_read(texts, form):
            return DatetimeFormats(1, ParseOptions(formats=(form,)))
    for pattern, unit in {} if dates_only else _EPOCHS.items():
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py():
            if read_epoch(texts, unit).null_count == 0:
                return DatetimeFormats(1, ParseOptions.model_validate({"epoch": unit}))
    return None


def _all_read(texts: pa.Array, form: str) -> bool:
    return bool(read_format(texts, form).null_count == 0)


def _count(texts: pa.Array, pattern: str) -> int:
    return len(texts) - int(read_format(texts, pattern).null_count)


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _ambiguity(texts: pa.Array, formats: list[str]) -> str:
    """A note if day and month could be swapped; empty otherwise."""
    for pattern in formats:
        swapped = pattern.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
        read = texts.filter(pc.is_valid(read_format(texts, pattern)))
        if swapped != pattern and "%d" in pattern and "%m" in pattern and swapped in _FORMATS:
            if _all_read(read, swapped):
                return f"read as {pattern}, but day and month could be swapped"
    return ""
