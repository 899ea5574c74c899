"""Tables as they arrive, read in the contract's types cell by cell.

A CSV file brings texts, a Parquet file whatever its writer chose. A cell that cannot be read
is null in the result and remembered, so that it costs its row and not the whole file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ._arrow import ARROW_TYPES, from_arrow, whole
from ._check import check_columns
from ._column_definition import Column
from ._columns import INTEGER_LIMIT, to_datetime64
from ._messages import MISSING, unreadable
from ._model import Contract
from ._text_normalization import listed_or_other, means_missing, normalize_text, with_minus
from ._text_values import NUMBER, TRUTH
from ._violations import Checked, Violation

Mask = NDArray[np.bool_]

# Range of Python's datetime, and so of the values that a client can send.
_FIRST, _LAST = (
    pa.scalar(edge.replace(tzinfo=UTC), ARROW_TYPES["datetime"])
    for edge in (datetime.min, datetime.max)
)


@dataclass(frozen=True)
class CastResult:
    """A table in the contract's types, and masks of the cells that could not be read.

    `unreadable` has an entry only for columns with such cells; they are null in `table`.
    """

    table: pa.Table
    unreadable: dict[str, Mask]


def read_table(columns: Sequence[Column], raw: pa.Table) -> CastResult:
    """Read the contract's columns out of a raw table; a column it lacks is null throughout."""
    arrays: dict[str, pa.Array] = {}
    failed: dict[str, Mask] = {}
    present = set(raw.column_names)
    for column in columns:
        wanted = ARROW_TYPES[column.type]
        if column.name not in present:
            arrays[column.name] = pa.nulls(raw.num_rows, wanted)
            continue
        values = normalize_text(column, _plain(raw[column.name]))
        read = _read(column, values)
        arrays[column.name] = read
        if read is values:
            continue
        lost = pc.and_(pc.is_valid(values), pc.is_null(read))
        if values.type == pa.float64() or values.type == pa.float32():
            lost = pc.and_not(lost, pc.fill_null(pc.is_nan(values), False))
        if pa.types.is_string(values.type) and pc.any(lost).as_py():
            lost = pc.and_not(lost, means_missing(values))
        if pc.any(lost).as_py():
            failed[column.name] = lost.to_numpy(zero_copy_only=False)
    schema = pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in columns])
    return CastResult(pa.table(arrays, schema=schema), failed)


def missing_columns(columns: Iterable[Column], names: Iterable[str]) -> list[str]:
    """Names of the columns that must be there and are not; a nullable one may stay away."""
    present = set(names)
    return [column.name for column in columns if not column.nullable and column.name not in present]


def check_table(contract: Contract, raw: pa.Table, columns: Sequence[Column]) -> Checked:
    """Check a raw table as `check_rows` checks rows, and with the same words."""
    cast = read_table(columns, raw)
    checked = check_columns(contract, from_arrow(contract, cast.table), columns)
    if not cast.unreadable:
        return checked
    accepted = checked.accepted.copy()
    violations: list[Violation] = []
    for column in columns:
        mask = cast.unreadable.get(column.name)
        if mask is not None:
            accepted &= ~mask
            rows = np.flatnonzero(mask)
            values = raw[column.name].take(pa.array(rows)).to_pylist()
            violations += [
                Violation(int(row), column.name, value, unreadable(column), "reject")
                for row, value in zip(rows, values, strict=True)
            ]
    unread = {(violation.row, violation.column) for violation in violations}
    violations += [
        violation
        for violation in checked.violations
        if violation.reason != MISSING or (violation.row, violation.column) not in unread
    ]
    return Checked(
        checked.columns, accepted, tuple(sorted(violations, key=lambda entry: entry.row))
    )


def _plain(values: pa.ChunkedArray) -> pa.Array:
    array = whole(values)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array


def _read(column: Column, values: pa.Array) -> pa.Array:
    """Values in the contract's type; what cannot be read, and NaN, is null.

    Where nothing is to be done, as with most Parquet files, it is the array that came.
    """
    wanted = ARROW_TYPES[column.type]
    if values.type == wanted and column.type in ("text", "boolean"):
        return values
    if column.type == "text" and pa.types.is_uint64(values.type):  # no integer holds it
        return values.cast(pa.string())
    if column.type in ("integer", "number"):
        numbers = _numbers(values)
        if numbers is not None:
            return numbers if column.type == "number" else _whole(values, numbers)
    elif column.type == "category":
        return listed_or_other(column, _words(values))
    elif column.type == "boolean":
        values = _words(values)
        words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
        position = pc.index_in(words, pa.array(list(TRUTH)))
        return pa.array(list(TRUTH.values())).take(position)
    elif column.type == "datetime":
        return _in_calendar(_moments(values))
    return pa.nulls(len(values), wanted)


def _words(values: pa.Array) -> pa.Array:
    """Texts; whole numbers and booleans, which stand for categories too, as JSON spells them."""
    if pa.types.is_floating(values.type):
        values = _whole(values, pc.if_else(pc.is_finite(values), values, None))
    if pa.types.is_integer(values.type) or pa.types.is_boolean(values.type):
        return values.cast(pa.string())
    return values if pa.types.is_string(values.type) else pa.nulls(len(values), pa.string())


def _numbers(values: pa.Array) -> pa.Array | None:
    """Finite float64 or null; None where the type holds no numbers at all."""
    if pa.types.is_string(values.type):
        values = _from_text(values)
    elif pa.types.is_boolean(values.type) or not _is_numeric(values.type):
        return None
    if values.type != pa.float64():
        values = values.cast(pa.float64(), safe=False)
    return _only(values, pc.is_finite(values))


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _from_text(texts: pa.Array) -> pa.Array:
    try:
        return texts.cast(pa.float64())
    except pa.ArrowInvalid:
        trimmed = pc.utf8_trim_whitespace(texts)
        if not trimmed.equals(texts):
            return _from_text(trimmed)
        texts = with_minus(texts)
        good = pc.if_else(pc.match_substring_regex(texts, NUMBER), texts, None)
        return pc.replace_substring_regex(good, r"^\+", "").cast(pa.float64())


def _whole(values: pa.Array, numbers: pa.Array) -> pa.Array:
    small = pc.less(pc.abs(numbers), INTEGER_LIMIT)
    if pa.types.is_signed_integer(values.type):
        return _only(values if values.type == pa.int64() else values.cast(pa.int64()), small)
    fits = pc.and_(pc.equal(numbers, pc.round(numbers)), small)
    return pc.if_else(fits, numbers, None).cast(pa.int64())


def _moments(values: pa.Array) -> pa.Array:
    """Moments in UTC; a text or timestamp without a zone is UTC, a date its midnight."""
    wanted = ARROW_TYPES["datetime"]
    if values.type == wanted:
        return values
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return values.cast(pa.timestamp("us", tz=getattr(values.type, "tz", None))).cast(wanted)
    if not pa.types.is_string(values.type):
        return pa.nulls(len(values), wanted)
    for kind in (wanted, pa.timestamp("us")):
        try:
            return values.cast(kind).cast(wanted)
        except pa.ArrowInvalid:
            continue
    # With and without a zone, or some are no dates: one by one.
    moments = [_moment(text) for text in values.to_pylist()]
    return pa.array(np.array(moments, dtype="datetime64[us]")).cast(wanted)


def _in_calendar(moments: pa.Array) -> pa.Array:
    """Moments without those of before the year 1 or after 9999, which are null then."""
    in_range = pc.and_(pc.greater_equal(moments, _FIRST), pc.less_equal(moments, _LAST))
    return _only(moments, in_range)


def _only(values: pa.Array, mask: pa.Array) -> pa.Array:
    """Values with null for those that are not kept; the same array if all are."""
    return values if pc.all(mask).as_py() is not False else pc.if_else(mask, values, None)


def _moment(text: str | None) -> np.datetime64:
    try:
        return to_datetime64(datetime.fromisoformat(text or ""))
    except (ValueError, OverflowError):
        return np.datetime64("NaT", "us")
