"""Counts of the columns, in one pass and bounded memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._casting import read_table
from ..contract._column_definition import Column
from .cardinality import DistinctCounter, DuplicateCounter, Hashes, hash_rows, hash_values
from .table import Table

# Limit of distinct texts in a column with categories.
MOST_CATEGORIES = 1_000
_MAX_STRAYS = 200


@dataclass
class Facts:
    """Counts of one column.

    Attributes:
        missing: rows without a value, strays included.
        strays: texts that could not be read, limited to the first distinct ones.
        unread: rows with such texts.
        minimum: smallest number, or earliest datetime in microseconds since 1970.
        words: number of rows by text; None if there are too many distinct ones.
    """

    rows: int = 0
    missing: int = 0
    unread: int = 0
    strays: Counter[str] = field(default_factory=Counter)
    minimum: float | None = None
    maximum: float | None = None
    words: Counter[str] | None = field(default_factory=Counter)
    seen: DistinctCounter = field(default_factory=DistinctCounter)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        return self.seen.count if self.words is None else len(self.words)


@dataclass(frozen=True)
class Profile:
    """Facts by column, the number of rows, and the number of duplicate rows."""

    facts: Mapping[str, Facts]
    rows: int
    repeated: int


def profile(table: Table, columns: Sequence[Column]) -> Profile:
    """Read all rows once, in the types of draft columns, and count."""
    facts = {column.name: Facts() for column in columns}
    repeats = DuplicateCounter()
    rows = 0
    for block in table.read():
        if not block.num_rows:
            continue
        rows += block.num_rows
        cast = read_table(columns, block)
        hashes = []
        for column in columns:
            values = cast.table[column.name].combine_chunks()
            hashes.append(hash_values(values))
            column_facts = facts[column.name]
            _count(column_facts, column, values, hashes[-1])
            if column.name in cast.unreadable:
                mask = pa.array(cast.unreadable[column.name])
                _count_strays(column_facts, block[column.name].filter(mask))
        if hashes:
            repeats.add(hash_rows(hashes))
    return Profile(facts, rows, repeats.count)


def _count(facts: Facts, column: Column, values: pa.Array, hashes: Hashes) -> None:
    facts.rows += len(values)
    facts.missing += values.null_count
    if values.null_count == len(values):
        return
    facts.seen.add(hashes[hashes != 0] if values.null_count else hashes)
    if column.type in ("category", "text", "boolean"):
        _count_words(facts, values)
        return
    facts.words = None
    if column.type == "datetime":
        values = values.cast(pa.int64())
    edges = pc.min_max(values).as_py()
    facts.minimum = min(edge for edge in (facts.minimum, edges["min"]) if edge is not None)
    facts.maximum = max(edge for edge in (facts.maximum, edges["max"]) if edge is not None)


def _count_words(facts: Facts, values: pa.Array) -> None:
    if facts.words is None:
        return
    for counted in pc.value_counts(values.drop_null()).to_pylist():
        word = counted["values"]
        facts.words[str(word).lower() if isinstance(word, bool) else word] += counted["counts"]
    if len(facts.words) > MOST_CATEGORIES:
        facts.words = None


def _count_strays(facts: Facts, values: pa.ChunkedArray) -> None:
    facts.unread += len(values)
    for value in values.to_pylist():
        if len(facts.strays) < _MAX_STRAYS or str(value) in facts.strays:
            facts.strays[str(value)] += 1
