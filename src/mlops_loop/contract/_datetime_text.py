"""Datetimes of texts: formats, quarters, epochs, UTC offsets and names of time zones."""

import re
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from ._text_values import EPOCHS, TIME_PARTS, YEARS


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
    read = _without_rollover(body, pattern, read.cast(pa.timestamp("us")))
    if later is not None:
        read = read.cast(pa.int64())
        read = pc.add(read, later).cast(pa.timestamp("us"))
    year = pc.year(read)
    likely = pc.and_(pc.greater_equal(year, YEARS[0]), pc.less_equal(year, YEARS[1]))
    return pc.if_else(likely, read, None)


def _without_rollover(texts: pa.Array, pattern: str, read: pa.Array) -> pa.Array:
    """Without the dates that no month has: Arrow reads 31 February as 3 March."""
    is_late = pc.match_substring_regex(texts, "29|30|31")
    suspected = pc.fill_null(pc.and_(pc.less_equal(pc.day(read), 3), is_late), False)
    if not pc.any(suspected).as_py():
        return read
    pairs = zip(texts.to_pylist(), suspected.to_pylist(), strict=True)
    wrong = [is_suspect and not _is_date(text, pattern) for text, is_suspect in pairs]
    return pc.if_else(pa.array(wrong), None, read)


def _is_date(text: str, pattern: str) -> bool:
    try:
        return bool(datetime.strptime(text, pattern))
    except ValueError:
        return False


def _without_offset(texts: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Times without fraction and UTC offset, and the microseconds to add for them."""
    parts = pc.extract_regex(texts, TIME_PARTS)
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
    size, digits = EPOCHS[unit]
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
