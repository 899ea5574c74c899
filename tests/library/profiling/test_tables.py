"""Any table becomes the project's own, wherever it comes from and whatever is in it."""

import random
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._column_definition import Column
from mlops_loop.data._ingestion import ingest

from .conftest import Adopt
from .tables import ROWS, contract, customers, numbers, write


def test_a_table_that_nobody_prepared(root: Path, tmp_path: Path, adopt: Adopt) -> None:
    path = write(tmp_path / "Kündigungen.csv", customers(), "cp1252")
    done = adopt(path, "--target", "gekündigt?", "--time", "Datum", "--label-horizon", "7d")
    assert done.exit_code == 0, done.output
    made = contract(root)
    assert (made.problem, made.label_horizon) == ("binary", timedelta(days=7))
    assert [(one.name, one.type, one.role) for one in made.columns] == [
        ("Kunden-Nr.", "text", "ignore"),
        ("Größe (cm)", "number", "feature"),
        ("Umsatz €", "number", "feature"),
        ("class", "category", "feature"),
        ("class_2", "text", "ignore"),
        ("Datum", "datetime", "time"),
        ("aktiv", "boolean", "feature"),
        ("leer", "text", "ignore"),
        ("fest", "text", "ignore"),
        ("PLZ", "category", "feature"),
        ("gekündigt?", "boolean", "target"),
    ]
    renamed = "'class' was renamed to 'class_2'"
    for message in ("identifies rows", "'auf Anfrage' read as missing", renamed):
        assert message in " ".join(done.output.split())
    settings = load_settings(root)
    assert settings.csv.encoding == "cp1252" and settings.csv.delimiter == ";"
    ingested = ingest(settings, made)
    assert (ingested.rows, ingested.quarantined) == (ROWS, 0)
    table = ingested.snapshot.table()
    assert table["Umsatz €"].null_count == 2
    assert table["Datum"][0].as_py().date() == date(2021, 1, 3)
    assert set(table["aktiv"].to_pylist()) == {True, False}


def test_a_query_is_a_table(root: Path, adopt: Adopt) -> None:
    with closing(sqlite3.connect(root / "shop.db")) as database, database:
        database.execute("create table sales (price real, paid integer, at text)")
        rows = [(n / 7, n % 2, f"2026-01-{n % 28 + 1:02} 10:00:00") for n in range(ROWS)]
        database.executemany("insert into sales values (?, ?, ?)", rows)
    database.close()
    query = "select * from sales where price > 1"
    done = adopt("sqlite:///shop.db", "--query", query, "--target", "price", "--time", "at")
    assert done.exit_code == 0, done.output
    settings = load_settings(root)
    assert (settings.source, settings.query) == ("sql://sqlite:///shop.db", query)
    assert ingest(settings, contract(root)).rows == ROWS - 8
    refused = adopt("sqlite:///shop.db", "--target", "price", "--yes")
    assert refused.exit_code == 2 and "needs --query" in refused.output
    missing = adopt("sqlite:///none.db", "--query", query, "--target", "price", "--yes")
    assert missing.exit_code == 2 and not (root / "none.db").exists()


def test_files_of_a_folder_are_one_table(root: Path, adopt: Adopt) -> None:
    (root / "in").mkdir()
    write(root / "in/a.csv", numbers())
    write(root / "in/b.csv", [line.rpartition(",")[0] for line in numbers()])
    done = adopt("in/*.csv", "--target", "y")
    assert done.exit_code == 0, done.output
    assert contract(root).column("z").nullable and not contract(root).column("x").nullable
    assert ingest(load_settings(root), contract(root)).rows == 2 * ROWS


def test_malformed_rows_are_among_those_that_may_be_rejected(root: Path, adopt: Adopt) -> None:
    header, *rows = numbers()
    rows[::25] = ["1,2"] * 12
    rows[1::25] = ["1,,3"] * 12
    done = adopt(write(root / "in.csv", [header, *rows]), "--target", "y")
    assert done.exit_code == 0, done.output
    assert "malformed rows will be rejected: 12, the first in" in " ".join(done.output.split())
    ingested = ingest(load_settings(root), contract(root))
    assert (ingested.rows, ingested.quarantined) == (ROWS - 24, 24)


def test_parquet_keeps_its_types(root: Path, adopt: Adopt) -> None:
    count = range(ROWS)
    table = pa.table(
        {
            "id": pa.array(count, pa.int64()),
            "day": pa.array([date(2026, 1, 1) + timedelta(days=n % 60) for n in count]),
            "part": pa.array(["ab"[n % 2] for n in count]).dictionary_encode(),
            "size": pa.array([n / 3 if n % 9 else None for n in count], pa.float32()),
            "tags": pa.array([["a"] for _ in count]),
            "kind": pa.array([n % 3 for n in count], pa.int8()),
        }
    )
    pyarrow.parquet.write_table(table, root / "in.parquet")
    done = adopt("in.parquet", "--target", "kind", "--id", "id", "--group", "part")
    assert done.exit_code == 0, done.output
    made = contract(root)
    assert {one.name: (one.type, one.role, one.nullable) for one in made.columns} == {
        "id": ("integer", "id", False),
        "day": ("datetime", "feature", False),
        "part": ("text", "group", False),
        "size": ("number", "feature", True),
        "tags": ("text", "ignore", True),
        "kind": ("category", "target", False),
    }
    assert made.classes == ("0", "1", "2")
    said = " ".join(done.output.split())
    assert "give --time 'day'" in said and "text files" not in said
    assert ingest(load_settings(root), made).rows == ROWS


def test_truths_that_came_as_floats_are_truths(root: Path, adopt: Adopt) -> None:
    table = pa.table({"x": [n / 7 for n in range(ROWS)], "y": [float(n % 2) for n in range(ROWS)]})
    pyarrow.parquet.write_table(table, root / "in.parquet")
    done = adopt("in.parquet", "--target", "y")
    assert done.exit_code == 0, done.output
    made = contract(root)
    assert (made.problem, made.classes) == ("binary", (False, True))
    assert ingest(load_settings(root), made).rows == ROWS


def test_what_spoils_models_is_said(root: Path, adopt: Adopt) -> None:
    rng = random.Random(3)
    lines = ["no,wide,copy,month,y"]
    for number in range(ROWS):
        y = "" if number % 10 == 0 else rng.choice(["good"] * 9 + ["bad"])
        wide = rng.randint(2**25, 2**40)
        lines.append(f"{number},{wide},{'b' if y == 'bad' else 'g'},{number % 12},{y}")
    done = adopt(write(root / "in.csv", lines), "--target", "y")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    for warning in (
        "is a row number",
        "too wide for float32",
        "may leak the target",
        "300 rows are few",
        "30 of 300 rows have no y (10.0%)",
        "'bad' is the class whose probability is reported",
    ):
        assert warning in said
    assert contract(root).classes == ("good", "bad")
    ingested = ingest(load_settings(root), contract(root))
    assert (ingested.rows, ingested.quarantined) == (270, 30)


def test_a_type_that_later_rows_belie_is_guessed_again(root: Path, adopt: Adopt) -> None:
    lines = ["x,y", *(f"{n % 50},{n % 7 + n / 1e6}" for n in range(60_001))]
    # A row that a sample of every second one leaves out.
    lines[30_000] = "2.5,1.0"
    done = adopt(write(root / "in.csv", lines), "--target", "y")
    assert done.exit_code == 0, done.output
    assert contract(root).column("x").type == "number"


def test_the_contract_says_where_to_look(root: Path, tmp_path: Path, adopt: Adopt) -> None:
    path = write(tmp_path / "in.csv", customers())
    adopt(path, "--target", "gekündigt?")
    text = (root / "config/contract.yaml").read_text(encoding="utf-8")
    assert "# identifies rows: left out" in text
    assert max(len(line) for line in text.splitlines() if "adopt" not in line) <= 110
    spelled: Column = contract(root).column("Umsatz €")
    assert spelled.parsing is not None and spelled.parsing.missing == ("auf Anfrage",)
