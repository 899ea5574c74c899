"""Texts of a file in the plain spelling that all readers know, as the contract's `parsing` says.

Numbers get a decimal point and nothing else, truth becomes true or false, moments ISO 8601, and
words that stand for a missing value become null. Values that are no texts stay as they are.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from ._column_definition import Column, ParseOptions
from ._datetime_text import read_epoch, read_format, with_offsets
from ._text_values import NEGATIVE, NO_VALUE, thousands_pattern

_INFINITE = {"inf", "-inf"}
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
    return pc.fill_null(pc.is_in(trimmed, value_set=pa.array(NO_VALUE)), False)


def with_minus(texts: pa.Array) -> pa.Array:
    """Negative numbers with a minus sign before them: of −5, (5) and 5-, which are -5."""
    texts = pc.replace_substring(texts, "\u2212", "-")
    return pc.replace_substring_regex(texts, NEGATIVE, r"-\1\2")


def without_signs(texts: pa.Array, *, strip: str, thousands: str, decimal: str) -> pa.Array:
    """Numbers without the signs around them, without separators, with a decimal point."""
    texts = with_minus(pc.utf8_trim_whitespace(texts))
    if strip:
        texts = pc.utf8_trim(texts, characters=f"{strip} ")
        texts = pc.replace_substring_regex(texts, rf"^([+-])[{re.escape(strip)} ]+", r"\1")
    if thousands:
        grouped = pc.match_substring_regex(texts, thousands_pattern(thousands, decimal))
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
        texts = pc.if_else(meant, labels, texts)
    return texts


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
