"""Codes, identifiers, groups, times and what else spoils a model without a word."""

import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._profiling.types import infer_type
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._column_definition import Column
from mlops_loop.data._ingestion import ingest

from .conftest import Adopt
from .tables import contract, write

Cell = Callable[[int, random.Random], object]


@pytest.mark.parametrize(
    ("name", "texts", "wanted"),
    [
        ("age", ["00", *map(str, range(10, 70))], "integer"),
        ("size", ["007", *map(str, range(1, 900))], "integer"),
        ("host", ["192.168.100.101", "192.168.120.200"], "category"),
        ("code", ["501", "10001", "2134"], "category"),
        ("zip", ["00501", "10001", "20002"], "category"),
        ("x", ["00501", "10001", "20002"], "category"),
        ("postal_code", [75001, 75002, 13001], "category"),
        ("subject", [1, 2, 3, 1, 2, 3], "category"),
        ("patientId", [11, 12, 13, 11], "category"),
        ("store_nr", [11.0, 12.0, None, 11.0], "category"),
        ("users", [110, 230, 341], "category"),
        ("units", [1, 2, 3], "integer"),
        ("user_count", [1, 2, 3], "integer"),
        ("year", [2001, 2002], "integer"),
        ("tweet_id", ["1234567890123456789", "1234567890123456790"], "category"),
        ("hash", ["18446744073709551615", "9223372036854775808"], "category"),
        ("hash", pa.array([2**64 - 1, 2**63], pa.uint64()), "category"),
        ("message", ["1567890123456789012", "1567890123456789345"], "category"),
        ("message", [1567890123456789012, 1567890123456789345], "integer"),
        ("message", [1567890123456789000, 1567890123456790000], "datetime"),
        ("sent_at", [1567890123456789012, 1567890123456789345], "datetime"),
        ("views", ["12345678901234567", "120", "1900"], "integer"),
    ],
)
def test_codes_are_no_quantities(name: str, texts: list[object], wanted: str) -> None:
    assert infer_type(pa.array(texts), name=name).type == wanted


def test_a_wide_integer_of_a_file_with_types_is_an_id(root: Path, adopt: Adopt) -> None:
    keys = pa.array([2**63 + n for n in range(100)], pa.uint64())
    table = pa.table({"key": keys, "x": [n % 7 / 3 for n in range(100)], "y": [*range(100)]})
    pyarrow.parquet.write_table(table, root / "in.parquet")
    assert adopt("in.parquet", "--target", "y", "--id", "key").exit_code == 0
    read = ingest(load_settings(root), contract(root)).snapshot.table()
    assert sorted(read["key"].to_pylist()) == [str(key) for key in keys.to_pylist()]


@pytest.mark.parametrize("first", [1234567890123456789, 12345678901234567890])
def test_ids_of_many_digits_stay_distinct(root: Path, adopt: Adopt, first: int) -> None:
    adopted(root, adopt, 100, number, "--id", "key", key=lambda n, _: first + n)
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert sorted(table["key"].to_pylist()) == [str(first + n) for n in range(100)]


def test_a_target_of_many_digits_is_an_amount(root: Path, adopt: Adopt) -> None:
    adopted(root, adopt, 100, lambda n, _: 10**16 + 10**12 * n, size=number)
    assert (contract(root).problem, contract(root).target.type) == ("regression", "number")


def adopted(root: Path, adopt: Adopt, rows: int, y: Cell, *options: str, **cells: Cell) -> str:
    """Adopt a table with these columns, and a number that says nothing; what was printed."""
    rng = random.Random(5)
    lines = [",".join([*cells, "noise", "y"])]
    for number in range(rows):
        row = [*(cell(number, rng) for cell in cells.values()), round(rng.random(), 6)]
        lines.append(",".join(map(str, [*row, y(number, rng)])))
    done = adopt(write(root / "in.csv", lines), "--target", "y", *options, "--yes")
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def number(_: int, rng: random.Random) -> float:
    return round(rng.gauss(0, 1), 5)


def label(_: int, rng: random.Random) -> str:
    return rng.choice(["good", "bad", "good"])


def column(root: Path, name: str) -> Column:
    return contract(root).column(name)


@pytest.mark.parametrize("share", [0.01, 0.05])
def test_identifiers_with_repeats_are_found(root: Path, adopt: Adopt, share: float) -> None:
    repeated = int(1000 * share)
    said = adopted(
        root,
        adopt,
        1000,
        label,
        order=lambda n, _: f"o-{n if n >= repeated else n + repeated}",
        no=lambda n, _: n if n >= repeated else n + repeated,
    )
    assert (column(root, "order").role, column(root, "no").role) == ("ignore", "ignore")
    assert f"with {repeated} repeats" in said and "identify rows, left out: order, no" in said


def test_copies_of_rows_hide_no_identifier(root: Path, adopt: Adopt) -> None:
    lines = ["key,x,y", *(f"k{n % 700},{n % 700 % 11},{n % 700 % 9 / 7:.3f}" for n in range(1000))]
    done = adopt(write(root / "in.csv", lines), "--target", "y")
    assert column(root, "key").role == "ignore" and "identify rows" in done.output


def test_the_most_frequent_of_many_categories_stay(root: Path, adopt: Adopt) -> None:
    said = adopted(root, adopt, 6000, number, shop=lambda n, _: f"s{n % 2000 if n % 3 else n % 60}")
    listed = column(root, "shop").categories
    assert listed is not None and listed.other == "other" and len(listed.values) == 1001
    assert "the 1,000 most frequent ones are kept" in said
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["shop"].to_pylist().count("other") == 2000
    assert set(table["shop"].to_pylist()) <= set(listed.values)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("customer", lambda n, _: f"c{n % 1200}"),
        ("customer_id", lambda n, _: 5000 + n % 300),
        ("subject", lambda n, _: n % 40),
        ("token", lambda n, _: f"c{n % 1200}"),
    ],
)
def test_a_key_that_repeats_is_suggested_as_group(
    root: Path, adopt: Adopt, name: str, cell: Cell
) -> None:
    said = adopted(root, adopt, 3000, label, **{name: cell})
    assert f"--group '{name}' keeps rows of one together" in said
    assert column(root, name).type in ("category", "text")
    again = adopted(root, adopt, 3000, label, "--group", name, **{name: cell})
    assert "keeps rows of one together" not in again
    assert ingest(load_settings(root), contract(root)).rows == 3000


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("year", lambda n, _: 1990 + n % 30),
        ("created", lambda n, _: 1_600_000_000 + n * 3600),
        ("seen", lambda n, _: 1_600_000_000 + n % 97 * 3600),
        ("day", lambda n, _: f"2026-01-{n % 28 + 1:02}"),
    ],
)
def test_years_and_epochs_hint_at_time(root: Path, adopt: Adopt, name: str, cell: Cell) -> None:
    said = adopted(root, adopt, 400, number, **{name: cell})
    assert f"--time '{name}' splits them by time" in said
    assert "splits them by time" not in adopted(
        root, adopt, 400, number, "--time", name, **{name: cell}
    )


def test_a_missing_value_does_not_hide_a_repeated_column(root: Path, adopt: Adopt) -> None:
    said = adopted(
        root,
        adopt,
        1000,
        label,
        a=lambda n, _: n % 7 / 2 if n % 5 else "",
        b=lambda n, _: n % 7 / 2 if n % 5 else "NA",
        rare=lambda n, _: "x" if n else "z",
    )
    assert column(root, "b").role == "ignore" and "same values as 'a': left out" in said
    assert "nearly constant: 'x' in 99.90% of the rows" in said


def test_a_leak_is_said(root: Path, adopt: Adopt) -> None:
    def leaky(n: int, rng: random.Random) -> float:
        return round((n % 3 == 0) + rng.gauss(0, 0.22), 4)

    said = adopted(root, adopt, 3000, lambda n, _: n % 3 == 0, leaky=leaky)
    assert "may leak the target: leaky (0.99" in said.partition("look at this first")[2]


def test_spelling_and_classes_are_said(root: Path, adopt: Adopt) -> None:
    said = adopted(
        root,
        adopt,
        3000,
        lambda n, _: ("fine" if n % 2 else "Fine") if n % 3 == 0 else "bad",
        kind=lambda n, _: ["Red", "red ", "blue"][n % 3],
    )
    first = said.partition("look at this first")[2]
    assert "classes differ only in case: 'Fine' and 'fine'" in first
    assert "classes of y: bad 66.7%" in first
    words = " ".join(first.split())
    assert "kind: categories differ only in case: 'Red' and 'red'; `docs models` has a" in words


def test_ratings_are_classes_with_a_word_of_the_alternative(root: Path, adopt: Adopt) -> None:
    ratings: Cell = lambda n, rng: rng.randint(1, 5)  # noqa: E731
    said = adopted(root, adopt, 600, ratings, x=number)
    assert contract(root).problem == "multiclass"
    assert "give --problem regression" in said.partition("look at this first")[2]


def test_adopt_and_ingest_agree_on_every_value(root: Path, adopt: Adopt) -> None:
    """Ranges, categories and missing values of the contract are those of the snapshot."""
    rows = range(600)
    sizes = [float("inf") if n == 7 else None if n % 9 == 0 else n / 7 for n in rows]
    table = pa.table(
        {
            "size": sizes,
            "flag": [n % 2 == 0 for n in rows],
            "part_id": pa.array([n % 50 for n in rows], pa.int16()),
            "word": [" a" if n % 2 else "b " for n in rows],
            "y": [n % 13 / 3 for n in rows],
        }
    )
    pyarrow.parquet.write_table(table, root / "in.parquet")
    done = adopt("in.parquet", "--target", "y", "--group", "flag")
    assert done.exit_code == 0, done.output
    ingested = ingest(load_settings(root), contract(root))
    assert (ingested.rows, ingested.quarantined, ingested.warnings) == (600, 0, {})
    snapshot = ingested.snapshot.table()
    for spec in contract(root).columns:
        values = snapshot[spec.name]
        assert spec.nullable == (values.null_count > 0)
        if spec.range is not None:
            edges = pa.compute.min_max(values).as_py()
            assert (spec.range.minimum, spec.range.maximum) == (edges["min"], edges["max"])
        if spec.categories is not None:
            assert set(spec.categories.values) == set(values.to_pylist())
