"""Rows that do not fit into memory come back in order, and repeats among them are found."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mlops_loop.data import _duckdb
from mlops_loop.data._deduplication import find_duplicates
from mlops_loop.data._external_sort import ExternalSorter

RNG = np.random.default_rng(4)
ROWS = 100_000
POSITION = "position"


def rows(words: int) -> pa.Table:
    word = RNG.integers(0, words, ROWS).astype(str)
    moment = RNG.integers(0, 300, ROWS).astype("datetime64[us]")
    table = pa.table({"moment": moment, "word": word, POSITION: np.arange(ROWS)})
    gaps = pa.array(RNG.random(ROWS) < 0.01)
    return table.set_column(1, "word", pa.compute.if_else(gaps, None, table["word"]))


def set_down(table: pa.Table, folder: Path, run_rows: int, batch: int = 5_000) -> ExternalSorter:
    sorter = ExternalSorter(folder, ["moment", "word", POSITION], run_rows)
    for start in range(0, table.num_rows, batch):
        sorter.add(table.slice(start, batch))
    return sorter


@pytest.mark.parametrize("run_rows", [ROWS, 30_000, 15_000])
def test_rows_come_back_in_order_whatever_fits_into_memory(tmp_path: Path, run_rows: int) -> None:
    table = rows(words=500)
    sorter = set_down(table, tmp_path / "made", run_rows)
    assert (tmp_path / "made").exists() == (run_rows < ROWS)
    keys = [(name, "ascending") for name in table.column_names]
    parts = list(sorter.in_order())
    assert pa.concat_tables(parts).equals(table.sort_by(keys))
    assert run_rows == ROWS or max(part.num_rows for part in parts) < ROWS


def test_rows_in_order_stay_as_they_are(tmp_path: Path) -> None:
    table = rows(words=500).sort_by([("moment", "ascending"), ("word", "ascending")])
    table = table.set_column(2, POSITION, pa.array(np.arange(ROWS)))
    assert pa.concat_tables(set_down(table, tmp_path, 30_000).in_order()).equals(table)


def test_no_rows_are_no_tables(tmp_path: Path) -> None:
    assert list(ExternalSorter(tmp_path, [POSITION]).in_order()) == []


@pytest.mark.parametrize("run_rows", [ROWS, 30_000])
@pytest.mark.parametrize("words", [500, 10**9])
def test_of_equal_rows_one_is_no_repeat(tmp_path: Path, run_rows: int, words: int) -> None:
    table = rows(words)
    sorter = set_down(table, tmp_path, run_rows)
    seen: dict[str | None, int] = {}
    for at, word in enumerate(table["word"].to_pylist()):
        seen.setdefault(word, at)
    first = find_duplicates(sorter, ["word"], POSITION, "min", tmp_path)
    assert sorted(np.flatnonzero(~first)) == sorted(seen.values())
    last = find_duplicates(sorter, ["word"], POSITION, "max", tmp_path)
    assert (~last).sum() == len(seen) and not last[-1]


def test_what_exceeds_the_limit_of_memory_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_duckdb, "_MEMORY_MB", 24)
    with _duckdb.scratch_database(tmp_path) as database:
        database.execute("create temp table t as select hash(range)::varchar a from range(2000000)")
        assert sum(file.stat().st_size for file in (tmp_path / "scratch").iterdir()) > 1_000_000
        counted = database.execute("select count(distinct a), count(*) from t").fetchall()
    assert counted == [(2_000_000, 2_000_000)]
    assert not list(tmp_path.iterdir())
