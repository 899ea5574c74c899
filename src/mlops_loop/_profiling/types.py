"""Inference of the type of a column from a sample of its values."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._column_definition import Column, ColumnType, ParseOptions
from .column_names import is_code, is_dated, is_entity, is_row_key
from .datetime_formats import (
    EPOCH_UNITS,
    READ_FORMATS,
    infer_datetime_format,
    looks_like_dates,
    read_compact,
)
from .missing_words import NO_QUANTITY, NOTHING
from .number_formats import infer_number_format

# Limit of the share of stray texts; a column with more is a text column.
STRAY_SHARE = 0.05
_MOST_WORDS = 12
_UNIQUE = 2_000
_LONG = r"^[+-]?\d{16,}$"
_TRUE = frozenset("true t yes y 1 on ja j oui si sí sim".split())
_FALSE = frozenset("false f no n 0 off nein non não".split())


@dataclass(frozen=True)
class InferredType:
    """An inferred type, with the parsing of its texts.

    Attributes:
        type: type in the contract.
        parsing: options to parse texts; None if none are needed.
        note: what the user should check.
        is_readable: False for values that no contract type can hold.
        is_empty: True if all values are missing.
    """

    type: ColumnType
    parsing: ParseOptions | None = None
    note: str = ""
    is_readable: bool = True
    is_empty: bool = False

    def column(self, name: str) -> Column:
        """A nullable column of this type without constraints."""
        return Column(name=name, type=self.type, nullable=True, parsing=self.parsing)


def infer_type(
    values: pa.Array,
    *,
    name: str = "",
    comma_first: bool = False,
    moment: bool = False,
    is_amount: bool = False,
) -> InferredType:
    """The type of a column.

    Args:
        values: a sample, in the type of the source.
        name: name of the column, if it may say what digits mean: codes, entities or dates.
        comma_first: whether to prefer the decimal comma, e.g. in 1,234.
        moment: whether these are known to be datetimes, so that digits may be a year or an epoch.
        is_amount: whether numbers are known to be quantities, however many digits they have.
    """
    inferred = _infer(values, name=name, comma_first=comma_first, moment=moment)
    if inferred.type == "integer" and _is_long(values):
        if is_amount:
            return InferredType("number", inferred.parsing)
        return InferredType("category", note="numbers of more than 15 digits: read as texts")
    if inferred.type not in ("integer", "number") or not (is_code(name) or is_entity(name)):
        return inferred
    if inferred.type == "number" and not _is_whole(values):
        return inferred
    return InferredType("category", note="numbers that are codes: read as categories")


def _is_long(values: pa.Array) -> bool:
    """Whether most whole numbers have more digits than are read exactly, as ids do."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_signed_integer(values.type) or pa.types.is_floating(values.type):
        return False
    texts = pc.utf8_trim_whitespace(values.drop_null().cast(pa.string()))
    return bool(pc.mean(pc.match_substring_regex(texts, _LONG)).as_py() > 0.5)


def _is_whole(values: pa.Array) -> bool:
    """Whether all values are whole, as floats among which some are missing."""
    if not pa.types.is_floating(values.type):
        return False
    return bool(pc.all(pc.equal(values, pc.floor(values))).as_py())


def _infer(values: pa.Array, *, name: str, comma_first: bool, moment: bool) -> InferredType:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if values.null_count == len(values):
        return InferredType("text", is_empty=True)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        texts = values.cast(pa.string())
        return _of_texts(texts, name=name, comma_first=comma_first, moment=moment)
    if pa.types.is_boolean(kind):
        return InferredType("boolean")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return InferredType("datetime")
    if pa.types.is_integer(kind):
        return _of_integers(values, name=name, moment=moment)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _of_floats(values.cast(pa.float64()), name=name, moment=moment)
    return InferredType(
        "text", note=f"holds {kind} values, which have no matching type", is_readable=False
    )


def _of_integers(values: pa.Array, *, name: str, moment: bool) -> InferredType:
    texts = pc.unique(values.drop_null()).cast(pa.string())
    if dates := _compact(texts, name=name, moment=moment):
        return dates
    return InferredType("boolean" if set(texts.to_pylist()) == {"0", "1"} else "integer")


def _compact(texts: pa.Array, *, name: str, moment: bool) -> InferredType | None:
    """Datetimes that consist of digits; of epochs in seconds only under the name of a date."""
    named = moment or is_dated(name)
    if named:
        units: Collection[str] = EPOCH_UNITS
    else:
        is_key = not name or is_code(name) or is_entity(name) or is_row_key(name)
        units = () if is_key else EPOCH_UNITS[1:]
    dates = read_compact(texts, dates_only=not moment, named=named, units=units)
    return InferredType("datetime", dates.parsing, dates.note) if dates else None


def _of_floats(values: pa.Array, *, name: str, moment: bool) -> InferredType:
    present = values.drop_null()
    finite = present.filter(pc.is_finite(present))
    if not len(finite):
        return InferredType("text", is_empty=True)
    whole = bool(pc.all(pc.equal(finite, pc.floor(finite))).as_py())
    if whole and (moment or is_dated(name) or len(pc.unique(finite)) == 2):
        # Integers may be stored as floats, e.g. if some are missing.
        integers = finite.cast(pa.int64(), safe=False)
        inferred = _of_integers(integers, name=name, moment=moment)
        return inferred if inferred.type != "integer" else InferredType("number")
    return InferredType("number")


def _of_texts(values: pa.Array, *, name: str, comma_first: bool, moment: bool) -> InferredType:
    trimmed = pc.utf8_trim_whitespace(values.drop_null())
    present = trimmed.filter(pc.invert(_is_in(trimmed, NOTHING)))
    if not len(present):
        return InferredType("text", is_empty=True)
    unique = pc.unique(present)
    if truth := _truth(unique):
        return truth
    # What is read as numbers or datetimes but for these words has them for missing values.
    valued = present.filter(pc.invert(_is_in(present, NO_QUANTITY)))
    kinds = pc.unique(valued)
    if len(kinds):
        inferred = _numbers(valued, kinds, name=name, comma_first=comma_first, moment=moment)
        if inferred := inferred or _moments(kinds.slice(0, _UNIQUE)):
            return inferred
    note = ""
    if name and looks_like_dates(unique.slice(0, _UNIQUE)):
        note = f"dates in a format that is not read, e.g. {unique[0]}: {READ_FORMATS}"
        return InferredType("category", note=note, is_readable=False)
    padded = not pc.equal(values.drop_null(), trimmed).to_pylist().count(False) == 0
    return InferredType("category", ParseOptions(trim=True) if padded else None, note)


def _is_in(texts: pa.Array, words: Collection[str]) -> pa.Array:
    return pc.is_in(pc.utf8_lower(texts), value_set=pa.array(sorted(words)))


def _truth(unique: pa.Array) -> InferredType | None:
    if not 1 < len(unique) <= _MOST_WORDS:
        return None
    words = {word.lower() for word in unique.to_pylist()}
    if not words <= _TRUE | _FALSE or not words & _TRUE or not words & _FALSE:
        return None
    known: Callable[[frozenset[str]], tuple[str, ...]] = partial(_words_of, words)
    parsing = ParseOptions(true_words=known(_TRUE), false_words=known(_FALSE))
    return InferredType("boolean", parsing if parsing != ParseOptions() else None)


def _words_of(words: set[str], meant: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted((words & meant) - {"true", "false", "0", "1"}))


def _numbers(
    present: pa.Array, unique: pa.Array, *, name: str, comma_first: bool, moment: bool
) -> InferredType | None:
    format_ = infer_number_format(unique, comma_first=comma_first)
    if format_ is None:
        return None
    if format_.share < 1:
        # Strays are often distinct and numbers often repeated, so rows count, not distinct values.
        format_ = infer_number_format(present, comma_first=comma_first)
    if format_ is None or format_.share < 1 - STRAY_SHARE:
        return None
    if format_.share == 1 and format_.parsing is None:
        dated = moment or is_dated(name)
        whole = pc.replace_substring_regex(unique, r"^(\d+)\.0$", r"\1") if dated else unique
        if dates := _compact(whole, name=name, moment=moment):
            return dates
    return InferredType("integer" if format_.whole else "number", format_.parsing)


def _moments(unique: pa.Array) -> InferredType | None:
    formats = infer_datetime_format(unique)
    if formats is None or formats.share < 1 - STRAY_SHARE:
        return None
    return InferredType("datetime", formats.parsing, formats.note)
