"""The contract as a Hypothesis strategy: rows that satisfy every constraint, for tests."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import strategies as st

from ._column_definition import Column
from ._columns import JsonValue
from ._model import Contract

# Far beyond what data holds, and far from where sums of float32 overflow.
_LARGE_NUMBER = 1e9
_LARGE_INTEGER = 2**31
_EARLIEST = datetime(1970, 1, 1)
# A service rejects event times that are far in the future.
_LATEST = datetime(2025, 1, 1)
# Words that a CSV reader takes for missing values are not generated.
_LETTERS = "abcdefghijklmnopqrstuvwxyzäß漢 -"


def rows(
    contract: Contract, columns: Sequence[Column] | None = None
) -> st.SearchStrategy[dict[str, JsonValue]]:
    """Rows as JSON objects, by default those of a request."""
    columns = contract.inputs if columns is None else columns
    return st.fixed_dictionaries({column.name: values(column) for column in columns})


def values(column: Column) -> st.SearchStrategy[JsonValue]:
    """Valid values of one column; null among them where it is nullable."""
    present = _present(column)
    return st.none() | present if column.nullable else present


def _present(column: Column) -> st.SearchStrategy[JsonValue]:
    if column.type == "boolean":
        return st.booleans()
    if column.type == "integer":
        low, high = _bounds(column, _LARGE_INTEGER)
        least, most = math.ceil(low), math.floor(high)
        return _edges(least, most) | st.integers(least, most)
    if column.type == "number":
        low, high = _bounds(column, _LARGE_NUMBER)
        return _edges(low, high) | st.floats(low, high)
    if column.type == "datetime":
        moments = st.datetimes(_EARLIEST, _LATEST, timezones=st.just(UTC))
        return moments.map(lambda moment: moment.isoformat())
    if column.categories is not None:
        return st.sampled_from(column.categories.values)
    return st.text(_LETTERS, min_size=1, max_size=12).map(lambda word: f"x{word}x")


def _edges(low: float, high: float) -> st.SearchStrategy[float]:
    """The bounds and zero: what features divide by and take logarithms of, drawn often."""
    return st.sampled_from([low, high] + [type(low)(0)] * (low < 0 < high))


def _bounds(column: Column, large: float) -> tuple[float, float]:
    low = column.range.minimum if column.range else None
    high = column.range.maximum if column.range else None
    # A bound beyond the usual pulls the other one with it.
    least = min(-large, 0.0 if high is None else high - large) if low is None else low
    most = max(large, 0.0 if low is None else low + large) if high is None else high
    return least, most
