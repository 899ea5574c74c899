"""Texts of a file in the plain spelling that all readers know, as the contract's `parsing` says.

Numbers get a decimal point and nothing else, truth becomes true or false, moments ISO 8601, and
words that stand for a missing value become null. Values that are no texts stay as they are.
"""

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ._column_definition import Column, ParseOptions

# Moments of other centuries are years with two digits, read with the wrong format.
_YEARS = (1000, 2999)
# Texts that are a missing number, boolean or datetime whatever the contract says. In a category
# they are values unless its `parsing.missing` lists them: NA may be North America.
_NO_VALUE = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL")
_INFINITE = {"inf", "-inf"}
# Microseconds of a unit, and the digits that stay within 64 bits and the calendar.
_EPOCHS = {
    "s": (1e6, r"\d{1,11}"),
    "ms": (1e3, r"\d{1,14}"),
    "us": (1.0, r"\d{1,17}"),
    "ns": (1e-3, r"[1-8]?\d{1,18}"),
}
_TIME_PARTS = (
    r"^(?P<body>.*?\d:\d\d(?::\d\d)?)(?:[.,](?P<fraction>\d{1,9}))?(?P<half>\s?[AaPp][Mm])?"
    r"(?:\s*(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?$"
)
_ISO = "%Y-%m-%dT%H:%M:%S"


def normalize_text(column: Column, values: pa.Array) -> pa.Array:
    """Values of a column with their texts in the plain spelling.

    Texts that fit no format stay unchanged, so that messages can quote them.
    """
    parsing = column.parsing
    if parsing is None:
        return values
    if column.type == "datetime" and (parsing.formats or parsing.epoch):
        values = _digits(values)
    if pa.types.is_floating(values.type) and _INFINITE & {*parsing.missing}:
        return pc.if_else(pc.is_inf(values), None, values)
    if not pa.types.is_string(values.type):
        return values
    values = _present(parsing, values)
    if column.type in ("integer", "number"):
        return _number(parsing, values)
    if column.type == "boolean":
        return _truth(parsing, values)
    return _moment(parsing, values) if column.type == "datetime" else values


def listed_or_other(column: Column, words: pa.Array) -> pa.Array:
    """Categories; those that are not listed become the other one, if the contract names it."""
    listed = column.categories
    if listed is None or listed.other is None:
        return words
    known = pc.is_in(words, value_set=pa.array(listed.values))
    return pc.if_else(pc.or_(known, pc.is_null(words)), words, listed.other)


def means_missing(texts: pa.Array) -> pa.Array:
    """Mask of the texts that are a missing number, boolean or datetime in any file."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.fill_null(pc.is_in(trimmed, value_set=pa.array(_NO_VALUE)), False)


def read_format(texts: pa.Array, pattern: str) -> pa.Array:
    """Datetimes in UTC of texts in one format; null where a text is not in it.

    Args:
        texts: trimmed texts. A fraction of a second and a UTC offset may follow the time.
        pattern: a `strptime` format; `%q` is a quarter, whose first day is read.
    """
    if "%q" in pattern:
        return _read_quarters(texts, pattern)
    body, later = texts, None
    if "%M" in pattern:
        body, later = _without_offset(texts)
    read = pc.strptime(body, format=pattern, unit="us", error_is_null=True)
    read = read.cast(pa.timestamp("us"))
    if later is not None:
        read = read.cast(pa.int64())
        read = pc.add(read, later).cast(pa.timestamp("us"))
    year = pc.year(read)
    likely = pc.and_(pc.greater_equal(year, _YEARS[0]), pc.less_equal(year, _YEARS[1]))
    return pc.if_else(likely, read, None)


def _without_offset(texts: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Times without fraction and UTC offset, and the microseconds to add for them."""
    parts = pc.extract_regex(texts, _TIME_PARTS)
    if parts.null_count == len(parts):
        return texts, None
    fraction, sign, hours, minutes = (
        pc.struct_field(parts, name) for name in ("fraction", "sign", "hours", "minutes")
    )
    micro = pc.utf8_slice_codeunits(pc.binary_join_element_wise(fraction, "000000", ""), 0, 6)
    zero = pa.scalar("0")
    hours, minutes = (pc.if_else(pc.equal(part, ""), zero, part) for part in (hours, minutes))
    offset = pc.add(pc.multiply(hours.cast(pa.int64()), 60), minutes.cast(pa.int64()))
    direction = pc.if_else(pc.equal(sign, "-"), 1, -1)
    later = pc.add(pc.multiply(pc.multiply(offset, direction), 60_000_000), micro.cast(pa.int64()))
    half = pc.struct_field(parts, "half")
    body = pc.binary_join_element_wise(pc.struct_field(parts, "body"), half, "")
    return pc.coalesce(body, texts), pc.fill_null(later, 0)


def _read_quarters(texts: pa.Array, pattern: str) -> pa.Array:
    expression = pattern.replace("%Y", r"(?P<year>\d{4})").replace("%q", r"(?P<quarter>[1-4])")
    parts = pc.extract_regex(texts, f"^{expression}$")
    month = pc.index_in(pc.struct_field(parts, "quarter"), value_set=pa.array(["1", "2", "3", "4"]))
    months = pa.array(["01", "04", "07", "10"]).take(month)
    first = pc.binary_join_element_wise(pc.struct_field(parts, "year"), months, "-")
    return pc.strptime(first, format="%Y-%m", unit="us", error_is_null=True)


def read_epoch(texts: pa.Array, unit: str) -> pa.Array:
    """Datetimes of texts that count seconds (`s`), `ms`, `us` or `ns` since 1970."""
    size, digits = _EPOCHS[unit]
    likely = pc.match_substring_regex(texts, rf"^-?{digits}(\.\d+)?$")
    texts = pc.if_else(likely, texts, None)
    whole = pc.replace_substring_regex(texts, r"\..*$", "").cast(pa.int64())
    if size <= 1:
        micro = pc.divide(whole, pa.scalar(round(1 / size), pa.int64()))
    else:
        fraction = pc.subtract(texts.cast(pa.float64()), whole.cast(pa.float64()))
        part = pc.round(pc.multiply(fraction, size)).cast(pa.int64())
        micro = pc.add(pc.multiply(whole, round(size)), part)
    return micro.cast(pa.timestamp("us"))


def with_offsets(texts: pa.Array, zones: Mapping[str, str]) -> pa.Array:
    """Datetimes with the UTC offset of the time zone that their ends name."""
    for name, offset in zones.items():
        texts = pc.replace_substring_regex(texts, rf"\s*\b{re.escape(name)}$", offset)
    return texts


def with_minus(texts: pa.Array) -> pa.Array:
    """Negative numbers with a minus sign before them: of −5, (5) and 5-, which are -5."""
    texts = pc.replace_substring(texts, "\u2212", "-")
    return pc.replace_substring_regex(texts, r"^(?:\((.*\d.*)\)|([^-]*\d[^-]*)-)$", r"-\1\2")


def without_signs(texts: pa.Array, *, strip: str, thousands: str, decimal: str) -> pa.Array:
    """Numbers without the signs around them, without separators, with a decimal point."""
    texts = with_minus(pc.utf8_trim_whitespace(texts))
    if strip:
        texts = pc.utf8_trim(texts, characters=f"{strip} ")
        texts = pc.replace_substring_regex(texts, rf"^([+-])[{re.escape(strip)} ]+", r"\1")
    if thousands:
        # Only between groups of three, or as in 12,34,567: 1,23 is no way to write 123.
        above = r"(?:,\d{2,3})*" if thousands == "," else ""
        pattern = rf"^([+-]?\d{{1,3}}{above}(?:[{thousands}]\d{{3}})+)(?:[{decimal}]\d+)?$"
        grouped = pc.match_substring_regex(texts, pattern)
        texts = pc.if_else(grouped, pc.replace_substring(texts, thousands, ""), texts)
    return texts if decimal == "." else pc.replace_substring(texts, decimal, ".")


def _present(parsing: ParseOptions, texts: pa.Array) -> pa.Array:
    if parsing.trim:
        texts = pc.utf8_trim_whitespace(texts)
    if not parsing.missing:
        return texts
    absent = pc.is_in(texts, value_set=pa.array(parsing.missing, pa.string()))
    return pc.if_else(absent, None, texts)


def _number(parsing: ParseOptions, texts: pa.Array) -> pa.Array:
    if not (parsing.strip or parsing.thousands or parsing.decimal != "."):
        return texts
    return without_signs(
        texts, strip=parsing.strip, thousands=parsing.thousands, decimal=parsing.decimal
    )


def _truth(parsing: ParseOptions, texts: pa.Array) -> pa.Array:
    words = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    for labels, known in (("true", parsing.true_words), ("false", parsing.false_words)):
        meant = pc.is_in(words, value_set=pa.array([word.lower() for word in known], pa.string()))
        words = pc.if_else(meant, labels, words)
    return words


def _moment(parsing: ParseOptions, texts: pa.Array) -> pa.Array:
    # Whole numbers among which some are missing are often written as 1949.0.
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"^(\d+)\.0$", r"\1")
    trimmed = texts = with_offsets(trimmed, parsing.zones)
    readings = [read_format(trimmed, pattern) for pattern in parsing.formats]
    readings += [read_epoch(trimmed, parsing.epoch)] if parsing.epoch else []
    return pc.coalesce(*(pc.strftime(moments, format=_ISO) for moments in readings), texts)


def _digits(values: pa.Array) -> pa.Array:
    """Whole numbers as texts: 20130131, 1949, or seconds since 1970."""
    if pa.types.is_floating(values.type):
        values = values.cast(pa.int64(), safe=False)
    return values.cast(pa.string()) if pa.types.is_integer(values.type) else values
