"""Counts of the columns, in one pass over the table and bounded memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..contract._casting import CastResult, read_table
from ..contract._column_definition import Column
from ..data._duckdb import by_position, scratch_database
from ..data._regrouping import regrouped
from .table import Table

# Limit of distinct texts in a column with categories.
MOST_CATEGORIES = 1_000
MAX_STRAYS = 200
# Rows in one statement, each of which has a fixed cost.
_BLOCK_ROWS = 1 << 16


@dataclass
class Facts:
    """Counts of one column.

    Attributes:
        missing: rows without a value, strays included.
        strays: texts that stand for no value of the type, limited to the first distinct ones.
        unread: rows with such texts.
        distinct: number of different values.
        minimum: smallest number, or earliest datetime in microseconds since 1970.
        common: number of rows by text, of the most frequent ones; by number only of the first.
        has_words: whether the values are texts or booleans.
        same_as: an earlier column with the same value in each row; None if there is none.
    """

    rows: int = 0
    missing: int = 0
    unread: int = 0
    strays: Counter[str] = field(default_factory=Counter)
    distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    common: Counter[str] = field(default_factory=Counter)
    has_words: bool = False
    same_as: str | None = None

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def words(self) -> Counter[str] | None:
        """Number of rows by text; None if there are too many, or the values are no texts."""
        complete = self.has_words and self.distinct <= len(self.common)
        return self.common if complete else None

    @property
    def span(self) -> str:
        """The smallest and the largest number, with the digits in which they differ."""
        low, high = self.minimum or 0, self.maximum or 0
        few, many = (f"{low:.{digits}g} to {high:.{digits}g}" for digits in (6, 15))
        return few if low == high or f"{low:.6g}" != f"{high:.6g}" else many

    def without(self, absent: Mapping[str, int]) -> "Facts":
        """The same with these texts, and their numbers of rows, as missing values."""
        common = Counter({word: rows for word, rows in self.common.items() if word not in absent})
        missing = self.missing + sum(absent.values())
        return replace(self, common=common, missing=missing, distinct=self.distinct - len(absent))


@dataclass(frozen=True)
class Profile:
    """Facts by column, the number of rows, and the number of duplicate rows."""

    facts: Mapping[str, Facts]
    rows: int
    repeated: int


def profile(table: Table, columns: Sequence[Column]) -> Profile:
    """Read all rows once, in the types of draft columns, and count."""
    facts = {column.name: Facts() for column in columns}
    with scratch_rows(table.read(), columns, facts, MAX_STRAYS) as (database, rows):
        if not rows:
            return Profile(facts, 0, 0)
        for at, column in enumerate(columns):
            count(facts[column.name], database, value_counts(at), column, rows)
        (prints,) = database.execute(f"select {fingerprints(columns)} from rows").fetchall()
        compare(facts, prints, columns)
        return Profile(facts, rows, rows - _distinct(database, row_hashes(len(columns))))


@contextmanager
def scratch_rows(
    blocks: Iterator[pa.Table], columns: Sequence[Column], facts: Mapping[str, Facts], strays: int
) -> Iterator[tuple[duckdb.DuckDBPyConnection, int]]:
    """A database with the rows in the table `rows`, and their number; strays are counted."""
    with TemporaryDirectory() as folder, scratch_database(Path(folder), len(columns)) as database:
        rows = 0
        for block in regrouped(blocks, _BLOCK_ROWS):
            if not block.num_rows:
                continue
            cast = read_table(columns, block)
            for column in columns:
                _count_strays(facts[column.name], block[column.name], cast, column, strays)
            database.register("added", by_position(_comparable(cast.table)))
            if not rows:
                database.execute("create table rows as from added limit 0")
            database.execute("insert into rows from added")
            database.unregister("added")
            rows += block.num_rows
        yield database, rows


def value_counts(at: int) -> str:
    """SQL: the values of a column, and the number of rows with each."""
    return f"select c{at} as value, count(*) as n from rows where c{at} is not null group by 1"


def row_hashes(columns: int) -> str:
    """SQL: a hash of each distinct row."""
    return f"select distinct hash({', '.join(f'c{at}' for at in range(columns))}) as row from rows"


def fingerprints(columns: Sequence[Column], offset: int = 0) -> str:
    """SQL: for each column a fingerprint of all values with their positions, from `offset` on.

    Those of parts of a table are combined by `xor`.
    """
    numeric = ("integer", "number", "datetime")
    values = [
        f"c{at}::double" if column.type in numeric else f"c{at}::varchar"
        for at, column in enumerate(columns)
    ]
    # Twice: the first hash is a sum of those of value and position, which could cancel out.
    return ", ".join(f"bit_xor(hash(hash({value}, rowid + {offset})))" for value in values)


def _comparable(table: pa.Table) -> pa.Table:
    """Datetimes as microseconds since 1970, and integers as numbers."""
    for at, kind in enumerate(table.schema.types):
        if pa.types.is_timestamp(kind):
            table = table.set_column(at, table.schema.names[at], table[at].cast(pa.int64()))
    return table


def _count_strays(
    facts: Facts, raw: pa.ChunkedArray, cast: CastResult, column: Column, limit: int
) -> None:
    """Texts that the types of numbers, datetimes and booleans read as missing, or not at all."""
    if pa.types.is_string(raw.type) and column.type not in ("category", "text"):
        mask = pc.and_(pc.is_valid(raw), pc.is_null(cast.table[column.name]))
    elif column.name in cast.unreadable:
        mask = pa.chunked_array([pa.array(cast.unreadable[column.name])])
    else:
        return
    strays = raw.filter(mask).to_pylist()
    facts.unread += len(strays)
    for value in strays:
        if len(facts.strays) < limit or str(value) in facts.strays:
            facts.strays[str(value)] += 1


def count(
    facts: Facts, database: duckdb.DuckDBPyConnection, counts: str, column: Column, rows: int
) -> None:
    """Complete the facts of a column by the SQL of its `value_counts`."""
    facts.rows = rows
    facts.has_words = column.type in ("category", "text", "boolean")
    sql = f"select count(*), coalesce(sum(n), 0), min(value), max(value) from ({counts})"
    ((facts.distinct, present, low, high),) = database.execute(sql).fetchall()
    facts.missing = rows - int(present)
    if not facts.has_words:
        facts.minimum, facts.maximum = low, high
    limit = MOST_CATEGORIES if facts.has_words else 1
    sql = f"select value, n from ({counts}) order by n desc, value limit {limit}"
    facts.common = Counter(
        {_text(value): int(count) for value, count in database.execute(sql).fetchall()}
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def compare(
    facts: Mapping[str, Facts], prints: Sequence[object], columns: Sequence[Column]
) -> None:
    """Find columns with the same values, by their fingerprints."""
    first: dict[object, str] = {}
    for column, fingerprint in zip(columns, prints, strict=True):
        if facts[column.name].distinct > 1:
            same = first.setdefault(fingerprint, column.name)
            facts[column.name].same_as = same if same != column.name else None


def _distinct(database: duckdb.DuckDBPyConnection, hashes: str) -> int:
    ((distinct,),) = database.execute(f"select count(*) from ({hashes})").fetchall()
    return int(distinct)
