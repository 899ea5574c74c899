"""Any table becomes the project's own: tables that nobody prepared, and wrong use."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from click.testing import CliRunner, Result

from {{ cookiecutter.package_name }}.adoption.project_file import (
    changed_settings,
)
from {{ cookiecutter.package_name }}.cli import cli
from {{ cookiecutter.package_name }}.contract.model import (
    Column,
    Contract,
    load_contract,
)
from {{ cookiecutter.package_name }}.data.ingestion import ingest
from {{ cookiecutter.package_name }}.settings import load_settings

ROOT = Path(__file__).parents[2]
ROWS = 300
FEATURES = Path("src") / cli.__module__.partition(".")[0] / "features.py"

Adopt = Callable[..., Result]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that still learns from a sample, whatever this one learns from."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "config", root / "config")
    settings = root / "config/project.yaml"
    text = changed_settings(settings.read_text(encoding="utf-8"), {("source",): "sample://x"})
    settings.write_text(text, encoding="utf-8")
    (root / FEATURES).parent.mkdir(parents=True)
    (root / FEATURES).write_text("the sample's features")
    return root


@pytest.fixture
def adopt(root: Path, monkeypatch: pytest.MonkeyPatch) -> Adopt:
    """Runs the command in the project's folder."""
    monkeypatch.chdir(root)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["adopt", *arguments])

    return run


def customers() -> list[str]:
    """A header and rows as a spreadsheet of a German office writes them."""
    rng = random.Random(1)
    lines = ["Kunden-Nr.;Größe (cm);Umsatz €;class;class;Datum;aktiv;leer;fest; PLZ ;gekündigt?"]
    for number in range(ROWS):
        size, worth = rng.gauss(170, 9), rng.uniform(1e3, 1e6)
        money = f"{worth:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
        money = "auf Anfrage" if number in (7, 20) else money
        day = date(2021, 1, 3) + timedelta(days=number)
        left = "ja" if size + rng.gauss(0, 5) > 170 else "nein"
        cells = [f"K{number:05}", f"{size:.1f}".replace(".", ","), money, "ABC"[number % 3]]
        code = f"0{number % 40:04}"
        cells += ["lambda", f"{day:%d.%m.%Y}", rng.choice("JN"), "", "x", code, left]
        lines.append(";".join(cells))
    return lines


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> str:
    path.write_text("\n".join([*lines, ""]), encoding=encoding)
    return str(path)


def numbers(rows: int = ROWS) -> list[str]:
    """Two columns and a target that follows the first one."""
    rng = random.Random(2)
    lines = ["x,y,z"]
    for _ in range(rows):
        x = rng.gauss(0, 1)
        lines.append(f"{x:.3f},{x * 3 + rng.gauss(0, 1):.3f},{rng.randint(0, 30)}")
    return lines


def contract(root: Path) -> Contract:
    return load_contract(root / "config/contract.yaml")


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


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
    for said in ("names its rows", "'auf Anfrage' read as missing", "'class' is called 'class_2'"):
        assert said in " ".join(done.output.split())
    settings = load_settings(root)
    assert settings.csv.encoding == "cp1252" and settings.csv.delimiter == ";"
    ingested = ingest(settings, made)
    assert (ingested.rows, ingested.quarantined) == (ROWS, 0)
    table = ingested.snapshot.table()
    assert table["Umsatz €"].null_count == 2
    assert table["Datum"][0].as_py().date() == date(2021, 1, 3)
    assert set(table["aktiv"].to_pylist()) == {True, False}


def test_what_is_replaced_is_kept(root: Path, adopt: Adopt) -> None:
    before = everything(root)
    done = adopt(write(root / "in.csv", numbers()), "--target", "y")
    assert done.exit_code == 0, done.output
    (backup,) = (root / "var/backups").iterdir()
    assert everything(backup) == {name: before[name] for name in sorted(before)}
    features = (root / FEATURES).read_text()
    assert "FEATURES = FeatureSet()" in features
    compile(features, "features.py", "exec")
    assert load_settings(root).source == "in.csv"
    assert load_settings(root).replay is None


def test_only_what_depends_on_the_table_changes_in_the_settings(root: Path, adopt: Adopt) -> None:
    path = root / "config/project.yaml"
    before = path.read_text(encoding="utf-8")
    adopt(write(root / "in.csv", numbers(50)), "--target", "y")
    after = path.read_text(encoding="utf-8")
    assert "# where" in before or before.count("#") - after.count("#") < 5
    old, new = (yaml.safe_load(text) for text in (before, after))
    old.pop("replay", None)
    assert old.keys() == new.keys()
    assert old["serving"] == new["serving"] and old["seed"] == new["seed"]
    assert new["training"]["metric"] == "rmse"
    assert 0.01 < new["gate"]["margin"] < 0.1  # of a target that varies by about 3


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("x,y\n1,2\n", ["--target", "Y2"], "no such column; did you mean 'y'?"),
        ("x,y\n1,2\n", ["--target", "y", "--time", "t"], "--time t: there is no such column"),
        ("1.5,2\n1,2\n3,4\n", ["--target", "y"], "put a line with the columns' names above it"),
        ("", ["--target", "y"], "is empty"),
        ("x,y\n", ["--target", "y"], "has no rows"),
        ("x,y\n1,2\n3,2\n", ["--target", "y"], "all rows have the same value"),
        ("x,y\n1,\n3,\n", ["--target", "y"], "the column is empty"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--time", "x"], "--time x: holds no dates, as 1"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--id", "y"], "--id y: the column is given as"),
        ("y\n1\n2\n", ["--target", "y"], "no column is left to learn y from"),
        ("x,y\n1,a\n2,b\n", ["--target", "y", "--problem", "regression"], "y holds no numbers"),
        ("x,y\n1,a\n2,b\n", ["--target", "y", "--problem", "multiclass"], "y has 2 classes"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--label-horizon", "soon"], "is no duration"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--query", "select 1"], "--query needs a database"),
        ("prediction,y\n1,2\n3,4\n", ["--target", "y"], "called like the model's answers"),
        (b"PK\x03\x04\x00\x00", ["--target", "y"], "an Excel workbook or a zip archive"),
        (b"\x7fELF\x02\x01\x00\x00", ["--target", "y"], "is a binary file"),
    ],
)
def test_wrong_use_gets_one_sentence_and_changes_nothing(
    root: Path, adopt: Adopt, content: str | bytes, arguments: list[str], said: str
) -> None:
    (root / "in.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = everything(root)
    done = adopt("in.csv", *arguments)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.split())
    assert everything(root) == before


def test_a_file_that_is_not_there_is_named(root: Path, adopt: Adopt) -> None:
    done = adopt("nothing.csv", "--target", "y")
    assert (done.exit_code, "nothing.csv" in done.output) == (2, True)


def test_a_second_run_shows_what_changed_and_asks(root: Path, adopt: Adopt) -> None:
    adopt(write(root / "in.csv", numbers()), "--target", "y")
    (root / FEATURES).write_text("mine")
    text = (root / "config/contract.yaml").read_text(encoding="utf-8")
    described = text.replace("    type: number\n", "    type: number\n    unit: kg\n", 1)
    (root / "config/contract.yaml").write_text(described, encoding="utf-8")
    assert "nothing was changed" in adopt("in.csv", "--target", "y").output
    lines = [f"{line},{number % 2}" for number, line in enumerate(numbers())]
    write(root / "in.csv", ["x,y,z,w", *lines[1:]])
    before = everything(root)
    asked = adopt("in.csv", "--target", "y")
    assert asked.exit_code == 2 and "say --yes" in asked.output
    assert "+ w: boolean, feature" in asked.output
    assert everything(root) == before
    done = adopt("in.csv", "--target", "y", "--yes")
    assert done.exit_code == 0, done.output
    assert contract(root).column("x").unit == "kg"
    assert (root / FEATURES).read_text() == "mine"


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
        "numbers its rows",
        "too wide for float32",
        "gives the target away",
        "300 rows are few",
        "30 of 300 rows have no y (10.0%)",
        "'bad' is the class whose probability is looked at",
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
    assert "# names its rows: left out" in text
    assert max(len(line) for line in text.splitlines() if "adopt" not in line) <= 110
    spelled: Column = contract(root).column("Umsatz €")
    assert spelled.written is not None and spelled.written.missing == ("auf Anfrage",)
