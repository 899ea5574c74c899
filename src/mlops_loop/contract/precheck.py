"""What pandera need not look at: columns of a table in which nothing is wrong.

Pandera words what is wrong, and has the last word on it. But it takes longer to find nothing than
Arrow does, and most batches have nothing to be found.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .model import Column


def columns_with_violations(columns: Sequence[Column], table: pa.Table) -> list[Column]:
    """Columns of a table in the contract's types that may break one of their constraints."""
    return [column for column in columns if not _is_sound(column, table[column.name])]


def _is_sound(column: Column, values: pa.ChunkedArray) -> bool:
    if values.null_count and not column.nullable:
        return False
    if column.categories is not None:
        return set(values.unique().to_pylist()) <= {None, *column.categories.values}
    least, most = column.limits
    # Compared as pandera does it: not-a-number is neither above nor below, and so it is a suspect.
    return (least is None or _all(pc.greater_equal(values, least))) and (
        most is None or _all(pc.less_equal(values, most))
    )


def _all(holds: pa.ChunkedArray) -> bool:
    return bool(pc.all(holds, min_count=0).as_py())
