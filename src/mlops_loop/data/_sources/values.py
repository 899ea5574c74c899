"""Python values of one column as an Arrow array."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pyarrow as pa


def to_array(values: Sequence[Any]) -> pa.Array:
    """An array of values that may differ in type; then of texts, so that odd ones can be named."""
    plain = [float(value) if isinstance(value, Decimal) else value for value in values]
    try:
        return pa.array(plain)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else _text(value) for value in plain], pa.string())


def to_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """A table of rows."""
    return pa.table({name: to_array([row[at] for row in rows]) for at, name in enumerate(names)})


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value).lower() if isinstance(value, bool) else str(value)
