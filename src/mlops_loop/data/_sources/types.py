"""The types of columns that files share: one way to hold a text, a datetime, a category.

Files of one table may differ in the type of a column, e.g. because another tool wrote them.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from ...contract._arrow import whole

_UUID_BYTES = 16
_MOST_MICROSECONDS = 2**63 - 1


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type under which values of a type are yielded; nested ones stay as they are."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if _is_uuid(kind) else plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if _is_text(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz and "UTC")
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_decimal(kind):
        return pa.float64()
    return pa.float32() if pa.types.is_float16(kind) else kind


def common_type(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """The type for a column that has these plain types in different files.

    Numbers are widened, a time without a zone is UTC; what else differs becomes text.
    """
    different = {kind for kind in kinds if not pa.types.is_null(kind)}
    if len(different) < 2:
        return different.pop() if different else pa.null()
    if all(map(pa.types.is_integer, different)):
        return pa.float64() if pa.uint64() in different else pa.int64()
    if all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in different):
        return pa.float64()
    if all(map(pa.types.is_temporal, different)) and not any(map(_is_clock, different)):
        return pa.timestamp("us", "UTC")
    return pa.string()


def to_plain(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Values in a plain or common type."""
    array = whole(values)
    if isinstance(array.type, pa.BaseExtensionType):
        array = _uuids(array) if _is_uuid(array.type) else array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if _is_text(array.type) and not pa.types.is_string(array.type):
        array = _texts(array)
    if array.type == kind:
        return array
    if pa.types.is_null(array.type):
        return array.cast(kind)
    if pa.types.is_string(kind):
        return _written(array)
    if pa.types.is_timestamp(kind) and not pa.types.is_date(array.type):
        array = _microseconds(array)
    return array.cast(kind, safe=False)


def plain_table(table: pa.Table) -> pa.Table:
    """A table of any source in plain types."""
    kinds = [plain_type(kind) for kind in table.schema.types]
    if kinds == table.schema.types:
        return table
    return cast_table(table, dict(zip(table.column_names, kinds, strict=True)))


def in_common_types(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Tables whose columns of one name have one type."""
    types = common_types(table.schema for table in tables)
    return [cast_table(table, types) for table in tables]


def common_types(schemas: Iterable[pa.Schema]) -> dict[str, pa.DataType]:
    """The common type of each column."""
    found: dict[str, set[pa.DataType]] = {}
    for schema in schemas:
        for name, kind in zip(schema.names, schema.types, strict=True):
            found.setdefault(name, set()).add(plain_type(kind))
    return {name: common_type(kinds) for name, kinds in found.items()}


def cast_table(table: pa.Table, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The table in these types."""
    names = table.column_names
    return pa.table({name: to_plain(table[name], types[name]) for name in names})


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _is_clock(kind: pa.DataType) -> bool:
    return bool(pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind))


def _is_uuid(kind: pa.DataType) -> bool:
    return bool(kind.extension_name == "arrow.uuid")


def _uuids(array: pa.Array) -> pa.Array:
    return pa.array([value and str(value) for value in array.to_pylist()], pa.string())


def _texts(array: pa.Array) -> pa.Array:
    """Texts of bytes: of a UUID, else UTF-8, and hexadecimal if they are no text."""
    if pa.types.is_fixed_size_binary(array.type) and array.type.byte_width == _UUID_BYTES:
        values = [value and str(UUID(bytes=value)) for value in array.to_pylist()]
        return pa.array(values, pa.string())
    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([value and value.hex() for value in array.to_pylist()], pa.string())


def _microseconds(array: pa.Array) -> pa.Array:
    """Timestamps without nanoseconds; null beyond the 290,000 years that microseconds count."""
    kind = pa.timestamp("us", array.type.tz)
    try:
        return array.cast(kind, safe=array.type.unit in ("s", "ms"))
    except pa.ArrowInvalid:
        limit = _MOST_MICROSECONDS // (10**6 if array.type.unit == "s" else 10**3)
        is_small = pc.less(pc.abs(pc.coalesce(array.cast(pa.int64()), 0)), limit)
        return pc.if_else(is_small, array, None).cast(kind)


def _written(array: pa.Array) -> pa.Array:
    try:
        return array.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()])
