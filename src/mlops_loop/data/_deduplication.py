"""Duplicates, found in bounded memory: DuckDB groups 128-bit hashes of the keys."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..contract._arrow import numbers
from ._duckdb import by_position, scratch_database
from ._external_sort import ExternalSorter

Mask = NDArray[np.bool_]


def find_duplicates(
    sorter: ExternalSorter,
    keys: Sequence[str],
    position: str,
    kept: Literal["min", "max"],
    folder: Path,
) -> Mask:
    """Mask of the duplicates, by position.

    Args:
        sorter: the rows.
        keys: columns in which duplicates are equal.
        position: the column that numbers all rows from 0.
        kept: `min` or `max`: the row with this position is kept.
        folder: folder for temporary files; the caller removes it.
    """
    dropped = np.ones(sorter.rows, dtype=np.bool_)
    named = ", ".join(f"c{at}" for at in range(len(keys)))
    reverse = ", ".join(f"reverse(c{at}::varchar)" for at in range(len(keys)))
    with scratch_database(folder) as database:
        database.execute("create table keys (high ubigint, low ubigint, position bigint)")
        for table in sorter.scan([*keys, position]):
            database.register("added", by_position(table))
            database.execute(
                f"insert into keys select hash({named}), hash({reverse}), c{len(keys)} from added"
            )
            database.unregister("added")
        chosen = database.sql(f"select {kept}(position) as c0 from keys group by high, low")
        for batch in chosen.to_arrow_reader():
            dropped[numbers(pa.chunked_array([batch["c0"]]))] = False
    return dropped
