"""The digest of a table: of its values, block by block, not of the file."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract._arrow import numbers
from ..contract._columns import Array

# Part of the digest: other blocks give another digest.
BLOCK_ROWS = 1 << 17


def blocks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of `BLOCK_ROWS` rows and a smaller last one, at least one in all."""
    held: pa.Table | None = None
    for table in tables:
        held = table if held is None else pa.concat_tables([held, table])
        while held.num_rows > BLOCK_ROWS:
            yield held.slice(0, BLOCK_ROWS)
            held = held.slice(BLOCK_ROWS)
    if held is not None:
        yield held


class TableDigest:
    """Digest of names, types and values in order, whatever the chunks and the memory layout."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    @property
    def text(self) -> str:
        return self._digest.hexdigest()[:16]

    def update(self, block: pa.Table) -> None:
        """Add the next table of `blocks`."""
        self.rows += block.num_rows
        digest = self._digest
        for column in block.schema:
            digest.update(f"{column.name}\0{column.type}\0{block.num_rows}\0".encode())
            values = block[column.name].combine_chunks()
            digest.update(np.packbits(numbers(pc.is_null(values))).data)
            if pa.types.is_string(column.type):
                texts = pc.fill_null(values, "")
                digest.update(numbers(pc.binary_length(texts)).data)
                digest.update(joined(texts))
            else:
                digest.update(cells(values).data)


def table_digest(tables: pa.Table | Iterable[pa.Table]) -> str:
    """Digest of all rows."""
    digest = TableDigest()
    for block in blocks([tables] if isinstance(tables, pa.Table) else tables):
        digest.update(block)
    return digest.text


def joined(texts: pa.StringArray) -> memoryview | bytes:
    """The bytes of all strings, one after the other."""
    offsets, data = texts.buffers()[1:]
    bounds = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]] if data is not None and len(texts) else b""


def cells(values: pa.Array) -> Array:
    """Numbers, datetimes or booleans as bytes, missing ones as 0."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    return np.ascontiguousarray(numbers(pc.fill_null(values, 0)))
