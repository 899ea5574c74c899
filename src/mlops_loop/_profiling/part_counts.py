"""Counts of the columns of a table in parts: each made by a worker, merged here to those of all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import xor
from pathlib import Path
from uuid import uuid4

import duckdb

from ..contract._column_definition import Column
from ..data._duckdb import scratch_database
from .profile import (
    MAX_STRAYS,
    Facts,
    Profile,
    compare,
    count,
    fingerprints,
    row_hashes,
    scratch_rows,
    value_counts,
)
from .table_parts import Part, Workspace

# Of one part: enough to count those that are kept of the whole.
_STRAYS_OF_A_PART = 50 * MAX_STRAYS


@dataclass(frozen=True)
class PartCounts:
    """Counts of one part; those of values and the hashes of rows are in Parquet files."""

    folder: Path
    unread: dict[str, int]
    strays: dict[str, Counter[str]]
    fingerprints: tuple[int, ...]

    def values(self, at: int) -> Path:
        return self.folder / f"{at}.parquet"

    @property
    def rows(self) -> Path:
        return self.folder / "rows.parquet"


@dataclass(frozen=True)
class CountPart:
    """Counts one part, given the number of rows before it; on a worker."""

    columns: tuple[Column, ...]
    folder: Path

    def __call__(self, item: tuple[Part, int]) -> PartCounts:
        part, before = item
        folder = self.folder / uuid4().hex
        folder.mkdir()
        facts = {column.name: Facts() for column in self.columns}
        with scratch_rows(part.read(), self.columns, facts, _STRAYS_OF_A_PART) as (database, _):
            for at in range(len(self.columns)):
                _write(database, value_counts(at), folder / f"{at}.parquet")
            _write(database, row_hashes(len(self.columns)), folder / "rows.parquet")
            sql = f"select {fingerprints(self.columns, before)} from rows"
            (prints,) = database.execute(sql).fetchall()
        return PartCounts(
            folder,
            {name: fact.unread for name, fact in facts.items()},
            {name: fact.strays for name, fact in facts.items()},
            tuple(prints),
        )


def profile_parts(
    parts: Sequence[Part], columns: Sequence[Column], workspace: Workspace
) -> Profile:
    """The same as `profile` of the whole table."""
    filled = [part for part in parts if part.rows]
    facts = {column.name: Facts() for column in columns}
    rows = sum(part.rows for part in filled)
    if not rows:
        return Profile(facts, 0, 0)
    before = accumulate((part.rows for part in filled[:-1]), initial=0)
    counting = CountPart(tuple(columns), workspace.folder)
    counts = list(workspace.engine.map(counting, zip(filled, before, strict=True)))
    _add_strays(facts, counts)
    scratch = workspace.folder / "merged"
    with scratch_database(scratch, len(columns)) as database:
        for at, column in enumerate(columns):
            files = _quoted(*(each.values(at) for each in counts))
            merged = f"select value, sum(n)::bigint as n from read_parquet([{files}]) group by 1"
            count(facts[column.name], database, merged, column, rows)
        prints = zip(*(each.fingerprints for each in counts), strict=True)
        compare(facts, [reduce(xor, each) for each in prints], columns)
        files = _quoted(*(each.rows for each in counts))
        sql = f"select count(distinct row) from read_parquet([{files}])"
        ((distinct,),) = database.execute(sql).fetchall()
    return Profile(facts, rows, rows - int(distinct))


def _write(database: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    database.execute(f"copy ({sql}) to {_quoted(path)}")


def _quoted(*paths: Path) -> str:
    return ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)


def _add_strays(facts: dict[str, Facts], counts: Iterable[PartCounts]) -> None:
    for each in counts:
        for name, words in each.strays.items():
            facts[name].unread += each.unread[name]
            kept = facts[name].strays
            for word, number in words.items():
                if len(kept) < MAX_STRAYS or word in kept:
                    kept[word] += number
