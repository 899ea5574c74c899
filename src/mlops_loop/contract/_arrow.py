"""The contract as Arrow: the schema of snapshots and batches, and conversion to arrays and back."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ._column_definition import Column, ColumnType
from ._columns import Array, Columns, missing
from ._model import Contract

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "text": pa.string(),
    "datetime": pa.timestamp("us", tz="UTC"),
}
# The integer behind numpy's NaT.
_NOT_A_TIME = np.iinfo(np.int64).min


def table_columns(contract: Contract, *, target: bool = True) -> tuple[Column, ...]:
    """Columns that a table of the contract carries, in the contract's order."""
    return tuple(
        column
        for column in contract.columns
        if column.role != "ignore" and (target or column.role != "target")
    )


def arrow_schema(contract: Contract, *, target: bool = True) -> pa.Schema:
    """Names and types of a table of the contract, with or without the target."""
    columns = table_columns(contract, target=target)
    return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in columns])


def from_arrow(contract: Contract, table: pa.Table) -> Columns:
    """Arrays of the contract's columns in a table; other columns are ignored.

    Args:
        contract: types and roles of the columns.
        table: in the types of `arrow_schema`, as read by snapshots and `contract/_casting.py`.

    Raises:
        pyarrow.ArrowInvalid: if a column is of another type and does not cast without loss.
    """
    present = set(table.column_names)
    return {
        column.name: _to_array(column, table[column.name])
        for column in table_columns(contract)
        if column.name in present
    }


def to_arrow(contract: Contract, columns: Columns) -> pa.Table:
    """A table of those contract columns that `columns` holds; missing entries are null."""
    present = [column for column in table_columns(contract) if column.name in columns]
    return pa.table(
        {column.name: _to_arrow(column, columns[column.name]) for column in present},
        schema=pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in present]),
    )


def whole(values: pa.ChunkedArray) -> pa.Array:
    """One array of all values; of a single chunk no copy, which `combine_chunks` makes."""
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def numbers(values: pa.Array | pa.ChunkedArray) -> Array:
    """Numbers without nulls as a numpy array: booleans as 0 and 1, datetimes as their integers.

    Arrow's own `to_numpy` would import pandas, which takes longer than most conversions.
    """
    if isinstance(values, pa.ChunkedArray):
        values = whole(values)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    array: Array = np.from_dlpack(values)
    return array


def _to_array(column: Column, values: pa.ChunkedArray) -> Array:
    wanted = ARROW_TYPES[column.type]
    if values.type != wanted:
        values = values.cast(wanted)
    if column.type == "category":
        return _to_objects(values)
    if column.type == "text":
        # Values are nearly unique, so that deduplication does not pay.
        return np.array(whole(values).to_pylist(), dtype=object)
    if column.type == "datetime":
        integers = numbers(pc.fill_null(values.cast(pa.int64()), _NOT_A_TIME))
        return integers.view("datetime64[us]")
    return numbers(pc.fill_null(values.cast(pa.float64(), safe=False), np.nan))


def _to_objects(values: pa.ChunkedArray) -> Array:
    """Strings and None; equal strings share one object."""
    encoded = whole(values).dictionary_encode()
    words = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    objects: Array = words[numbers(pc.fill_null(encoded.indices, len(words) - 1))]
    return objects


def _to_arrow(column: Column, values: Array) -> pa.Array:
    if column.type == "datetime":
        return pa.array(values.astype("datetime64[us]")).cast(ARROW_TYPES["datetime"])
    if column.type in ("category", "text"):
        return pa.array(values, type=pa.string())
    array = pa.array(values, mask=missing(values))
    return array.cast(ARROW_TYPES[column.type])
