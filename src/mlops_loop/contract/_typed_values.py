"""Values of a JSON document or a CSV file in the type of their column."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._column_definition import Column, ColumnType
from ._columns import DTYPES, INTEGER_LIMIT, Array, to_datetime64
from ._text_values import read_text


def typed_values(spec: Column, raw: Sequence[object]) -> tuple[Array, NDArray[np.bool_]]:
    """Values in the column's type, and where one cannot be read as it; it is missing then."""
    read = _READERS[spec.type]
    unreadable = np.zeros(len(raw), dtype=np.bool_)
    values: list[Any] = []
    mapped = spec.text_mapping() or _text_reader(spec) or (lambda value: value)
    for row, value in enumerate(raw):
        try:
            value = mapped(value)
            values.append(None if value is None else read(value))
        except (TypeError, ValueError, OverflowError):
            values.append(None)
            unreadable[row] = True
    if spec.type in ("category", "text"):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array, unreadable
    if spec.type == "datetime":
        empty = np.datetime64("NaT", "us")
        moments = [empty if value is None else value for value in values]
        return np.array(moments, dtype=DTYPES["datetime"]), unreadable
    numbers = [np.nan if value is None else value for value in values]
    return np.array(numbers, dtype=np.float64), unreadable


def _text_reader(spec: Column) -> Callable[[Any], Any] | None:
    """Reads texts as those of a file; None for a column that has no rules for them."""
    if not spec.parses_texts:
        return None
    counts_time = spec.counts_time

    def read(value: Any) -> Any:
        if counts_time and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        return read_text(spec, value) if isinstance(value, str) else value

    return read


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    number = float(value)
    if not np.isfinite(number):
        raise ValueError
    return number


def _integer(value: object) -> float:
    number = _number(value)
    if number != int(number) or abs(number) >= INTEGER_LIMIT:
        raise ValueError
    return number


def _boolean(value: object) -> float:
    if not isinstance(value, bool):
        raise TypeError
    return float(value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _datetime(value: object) -> np.datetime64:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError
    return to_datetime64(value)


_READERS: dict[ColumnType, Callable[[object], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "category": _string,
    "text": _string,
    "datetime": _datetime,
}
