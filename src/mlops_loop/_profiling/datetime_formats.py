"""Detection of date and time formats."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._column_definition import ParseOptions
from ..contract._datetime_text import read_epoch, read_format, with_offsets

# Ambiguous dates such as 05/06 follow the convention of the separator: month first with slashes,
# day first with periods and dashes.
_DAYS = (
    "%Y-%m-%d %Y/%m/%d %Y.%m.%d %d.%m.%Y %d-%m-%Y %m/%d/%Y %d/%m/%Y %m-%d-%Y "
    "%d.%m.%y %m/%d/%y %d/%m/%y %d-%m-%y %d-%b-%Y %d-%b-%y %d/%b/%Y %d%b%Y %Y-%b-%d"
).split() + [
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y",
    "%a %d %b %Y", "%a, %d %b %Y", "%a, %b %d, %Y", "%A, %B %d, %Y", "%A, %d %B %Y", "%Y年%m月%d日",
]  # fmt: skip
_TIMES = (
    "", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p",
    " %I:%M:%S%p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p", ", %I:%M:%S %p", ":%H:%M:%S",
)  # fmt: skip
_MONTHS = (
    "%Y-%m %m/%Y %m-%Y %Y/%m %b-%Y %b-%y %Y-%b %YQ%q %Y-Q%q %YQ%q Q%q-%Y Q%q/%Y Q%q%Y %qQ%Y".split()
    + ["%b %Y", "%B %Y", "Q%q %Y", "%Y Q%q"]
)
_WHOLE = ["%a %b %d %H:%M:%S %Y", "%a %b %d %H:%M:%S UTC %Y", "%a %b %d %H:%M:%S GMT %Y"]
_FORMATS = (*(day + time for time, day in product(_TIMES, _DAYS)), *_MONTHS, *_WHOLE)
_COMPACT = {
    r"^(19|20)\d{6}$": "%Y%m%d",
    r"^(19|20)\d{12}$": "%Y%m%d%H%M%S",
    r"^(1[5-9]|20)\d\d$": "%Y",
    r"^(19|20)\d{4}$": "%Y%m",
}
EPOCH_UNITS = ("s", "ms", "us", "ns")
_FULL_DATES = ("%Y%m%d", "%Y%m%d%H%M%S")
# Epochs of the years 1973 to 2286.
_EPOCHS = {r"^\d{9,10}$": "s", r"^\d{12,13}$": "ms", r"^\d{15,16}$": "us", r"^\d{18,19}$": "ns"}
_MAX_FORMATS = 4
# Formats that none of so many texts is in are not tried on the others.
_FIRST_TEXTS = 200
# Offsets of the abbreviations that end a datetime; those of several zones are left out.
_ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12,
    "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
    "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}  # fmt: skip
READ_FORMATS = (
    "write ISO 8601, e.g. 2026-01-31 18:05:00+01:00, or one of the formats in `docs data`"
)
_ZONE_NAME = re.compile(r"(?:\d|[AaPp][Mm])\s*([A-Z]{3,5})$")
_LIKE_DATE = re.compile(r"(?=.*\b(?:19|20)\d\d\b)(?=.*(?<!\d)\d{1,2}(?!\d))")


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
    if not pc.mean(pc.match_substring_regex(texts, r"\d")).as_py() > 0.5:
        return None
    zones = _zones(texts)
    texts = with_offsets(texts, zones)
    rest = pc.filter(texts, pa.array([not _is_iso(text) for text in texts.to_pylist()]))
    likely = _likely_formats(rest)
    formats: list[str] = []
    while len(rest) and likely and len(formats) < _MAX_FORMATS:
        counted = {pattern: _count(rest, pattern) for pattern in likely}
        best = max(likely, key=lambda pattern: counted[pattern])
        if not counted[best]:
            break
        formats.append(best)
        rest = rest.filter(pc.is_null(read_format(rest, best)))
    share = 1 - len(rest) / max(len(texts), 1)
    notes = [note for note in (_ambiguity(texts, formats), _about_zones(zones)) if note]
    parsing = ParseOptions(formats=tuple(formats), zones=zones) if formats or zones else None
    return DatetimeFormats(share, parsing, "; ".join(notes)) if share else None


def looks_like_dates(texts: pa.Array) -> bool:
    """Whether nearly all of these texts hold a year, a day and little else."""
    found = [len(text) < 40 and bool(_LIKE_DATE.match(text)) for text in texts.to_pylist()]
    return sum(found) > 0.95 * len(found) > 0


def read_compact(
    texts: pa.Array,
    *,
    dates_only: bool = False,
    named: bool = True,
    units: Collection[str] = EPOCH_UNITS,
) -> DatetimeFormats | None:
    """Formats of datetimes that consist of digits, e.g. 20130131, 201301, 1949, or an epoch.

    Args:
        texts: whole numbers as texts, without nulls.
        dates_only: whether to try full dates only, which are rarely mistaken for numbers.
        named: whether the column has the name of a date. Without it, digits to the nanosecond are
            an id, e.g. of a message: clocks count microseconds.
        units: units in which the numbers may be epochs; of the years 2000 to 2040, if only full
            dates are tried.
    """
    for pattern, form in _COMPACT.items():
        if dates_only and form not in _FULL_DATES:
            continue
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py() and _all_read(texts, form):
            return DatetimeFormats(1, ParseOptions(formats=(form,)))
    for pattern, unit in _EPOCHS.items():
        if unit not in units:
            continue
        whole = pc.replace_substring_regex(texts, r"\.\d+$", "") if unit == "s" else texts
        if pc.all(pc.match_substring_regex(whole, pattern)).as_py():
            read = read_epoch(texts, unit)
            edges = pc.min_max(read).as_py()
            recent = (
                read.null_count == 0 and edges["min"].year >= 2000 and edges["max"].year <= 2040
            )
            is_clock = unit != "ns" or named or pc.all(pc.ends_with(texts, "000")).as_py()
            if read.null_count == 0 and (recent or not dates_only) and is_clock:
                note = (
                    f"read as {unit} since 1970: {edges['min']:%Y-%m-%d} to {edges['max']:%Y-%m-%d}"
                )
                return DatetimeFormats(1, ParseOptions.model_validate({"epoch": unit}), note)
    return None


def _zones(texts: pa.Array) -> dict[str, str]:
    """UTC offsets by the names that end the texts, if all of them are known."""
    matches = map(_ZONE_NAME.search, texts.to_pylist())
    names = sorted({match[1] for match in matches if match})
    if not set(names) <= set(_ZONES):
        return {}
    return {name: f"{_ZONES[name]:+03}:00" for name in names}


def _about_zones(zones: dict[str, str]) -> str:
    other = [f"{name} as UTC{offset}" for name, offset in zones.items() if _ZONES[name]]
    return f"read {', '.join(other)}" if other else ""


def _likely_formats(texts: pa.Array) -> list[str]:
    first = texts.slice(0, _FIRST_TEXTS)
    return [pattern for pattern in dict.fromkeys(_FORMATS) if _count(first, pattern)]


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
