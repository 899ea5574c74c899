"""Data in memory: one numpy array a column, the same in training, batch and online.

| contract type            | array                                  | missing |
| ------------------------ | -------------------------------------- | ------- |
| integer, number, boolean | float64, shape (rows,); booleans 0, 1  | NaN     |
| category, text           | object, shape (rows,), of `str`        | None    |
| datetime                 | datetime64[us], shape (rows,), UTC     | NaT     |
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._column_definition import Column, ColumnType

Array = NDArray[Any]
Floats = NDArray[np.float64]
Columns = dict[str, Array]
"""Rows in memory: one array of shape (rows,) a column, by the column's name.

Integers, numbers and booleans are float64 with NaN for a missing value, categories and texts are
arrays of `str` objects with None, datetimes are datetime64[us] in UTC with NaT.

Examples:
    >>> columns: Columns = {"price": np.array([9.5, np.nan])}
    >>> len(columns["price"])
    2
"""
JsonValue = bool | int | float | str | None

# The first integer that does not fit into the 64 bits of Arrow and Parquet.
INTEGER_LIMIT = float(2**63)

DTYPES: dict[ColumnType, str] = {
    "integer": "float64",
    "number": "float64",
    "boolean": "float64",
    "category": "object",
    "text": "object",
    "datetime": "datetime64[us]",
}


def length(columns: Columns) -> int:
    """Number of rows; 0 for no columns."""
    return len(next(iter(columns.values()), ()))


def take(columns: Columns, index: Array) -> Columns:
    """The rows at `index` (positions, or a boolean mask)."""
    return {name: values[index] for name, values in columns.items()}


def concat(parts: Sequence[Columns]) -> Columns:
    """Stack blocks that have the same columns."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def missing(values: Array) -> NDArray[np.bool_]:
    """Mask of missing entries, whatever the dtype."""
    if values.dtype == object:
        none: Any = None
        mask: NDArray[np.bool_] = np.equal(values, none).astype(np.bool_)
        return mask
    return np.isnat(values) if values.dtype.kind == "M" else np.isnan(values)


def equal(values: Array, others: Array) -> NDArray[np.bool_]:
    """Mask of entries that are equal to the precision of float32, or both missing.

    The model sees float32. NumPy computes long arrays by other instructions than single values,
    with other roundings in the last digits of float64.
    """
    if values.dtype.kind == "f":
        result = np.isclose(values, others, rtol=1e-6, atol=0, equal_nan=True)
    elif values.dtype.kind == "M":
        result = (values == others) | (np.isnat(values) & np.isnat(others))
    else:
        result = values == others
    return np.asarray(result, dtype=np.bool_)


def to_json(column: Column, value: Any) -> JsonValue:
    """One array entry as the JSON value a caller would have sent."""
    if value is None or value != value:
        return None
    if column.type == "boolean":
        return bool(value)
    if column.type == "integer":
        return int(value)
    if column.type == "number":
        return float(value)
    if column.type == "datetime":
        moment: datetime = value.astype("datetime64[us]").item()
        return moment.replace(tzinfo=UTC).isoformat()
    return str(value)


def to_rows(specs: Iterable[Column], columns: Columns) -> list[dict[str, JsonValue]]:
    """Rows as JSON objects, in order."""
    present = [spec for spec in specs if spec.name in columns]
    lists = [[to_json(spec, value) for value in columns[spec.name]] for spec in present]
    names = [spec.name for spec in present]
    return [dict(zip(names, row, strict=True)) for row in zip(*lists, strict=True)]


def to_datetime64(moment: datetime) -> np.datetime64:
    """A datetime in UTC and microseconds; one without a time zone is taken as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(moment, "us")
