"""Where bad rows go: as they came, with what is wrong with them."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def quarantine_rows(
    raw: pa.Table, rows: Sequence[int], reasons: Sequence[str], *, origin: str, offset: int = 0
) -> pa.Table:
    """Bad rows as a table of texts.

    Args:
        raw: the table the rows came in.
        rows: positions in it.
        reasons: what is wrong, one text a row.
        origin: where the table came from.
        offset: position of the table's first row in its source.

    Returns:
        The columns `reasons`, `source` and `row` (counted from 0), then those of `raw`; one of
        these that has such a name itself gets an underscore at its end.
    """
    at = pa.array(rows, pa.int64())
    own: dict[str, pa.Array] = {
        "reasons": pa.array(reasons, pa.string()),
        "source": pa.repeat(pa.scalar(origin), len(at)),
        "row": pc.add(at, offset),
    }
    values = {
        f"{name}_" if name in own else name: _text(raw[name].take(at)) for name in raw.column_names
    }
    return pa.table({**own, **values})


def _text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        words = [None if value is None else str(value) for value in values.to_pylist()]
        return pa.chunked_array([pa.array(words, pa.string())])
