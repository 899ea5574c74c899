"""Folders, globs and URLs: what is read of them, what is skipped, and what is said about it."""

from pathlib import Path
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._profiling.options import InferenceOptions
from mlops_loop._profiling.proposal import propose
from mlops_loop._profiling.table import Table
from mlops_loop._profiling.table_opening import open_table
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources import open_source
from mlops_loop.data._validation_report import validate_file
from mlops_loop.errors import InputError, SourceError

from .places import FLIGHTS

CSV = "x,y\n1,0\n2,1\n"
CONTRACT = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  x: {type: integer}
  year: {type: integer}
  y: {type: boolean, role: target}
""")


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(CSV)
    return folder


def table(address: Path | str) -> Table:
    return open_table(str(address), Path.cwd())


def count(read: Table) -> int:
    return sum(block.num_rows for block in read.read())


@pytest.mark.parametrize(
    ("more", "note"),
    [
        (".hidden.csv", "skipped hidden files in data: .hidden.csv"),
        (".ipynb_checkpoints/a-checkpoint.csv", "skipped hidden files in data: .ipynb_checkpoints"),
        ("._a.csv", "skipped hidden files in data: ._a.csv"),
        ("__MACOSX/._a.csv", "skipped hidden files in data: __MACOSX"),
        ("~$a.csv", "skipped hidden files in data: ~$a.csv"),
        ("_temporary/0.csv", "skipped hidden files in data: _temporary"),
        ("README.md", "skipped other files in data: README.md"),
        ("notes.txt", "skipped other files in data: notes.txt"),
        ("schema.json", "skipped other files in data: schema.json"),
        ("a.csv.bak", "skipped other files in data: a.csv.bak"),
    ],
)
def test_what_is_beside_the_data_is_skipped_and_named(tmp_path: Path, more: str, note: str) -> None:
    read = table(fill(tmp_path / "data", "a.csv", "deeper/b.csv", more))
    assert count(read) == 4
    (warning,) = read.warnings()
    assert note in warning


def test_a_file_without_the_target_is_named_at_adoption(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    for name, header in (("a.csv", "a,b,y\n"), ("b.csv", "")):
        body = "".join(f"{n}.5,p{n % 3},{n % 2}\n" for n in range(40))
        (tmp_path / "rows" / name).write_text(header + body)
    request = InferenceOptions(str(tmp_path / "rows"), "y")
    with pytest.raises(InputError, match="b.csv has no column y, but 0.5, p0, 0: correct the file"):
        propose(request, FLIGHTS, load_settings(FLIGHTS), {})


def test_marks_of_other_tools_are_no_news(tmp_path: Path) -> None:
    read = table(fill(tmp_path / "data", "a.csv", "_SUCCESS", ".a.csv.crc", ".DS_Store"))
    assert count(read) == 2 and not read.warnings()


def test_tables_of_two_formats_are_asked_about(tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", "a.csv")
    pyarrow.parquet.write_table(pa.table({"x": [1]}), folder / "b.parquet")
    with pytest.raises(InputError, match=r"found .csv, .parquet.*give a glob, e.g. '.*\*.parquet'"):
        table(folder)
    assert count(table(folder / "*.csv")) == 2


@pytest.mark.parametrize("others", [["test.csv"], ["test.csv", "sample_submission.csv"]])
def test_parts_of_a_competition_are_asked_about(tmp_path: Path, others: list[str]) -> None:
    folder = fill(tmp_path / "data", "train.csv", *others)
    with pytest.raises(InputError, match="usually different tables.*adopt .*train.csv"):
        table(folder)
    assert count(table(folder / "*.csv")) == 2 * (1 + len(others))
    assert count(table(fill(tmp_path / "parts", "train_1.csv", "train_2.csv"))) == 4


def test_a_table_with_versions_is_rejected(tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", "_delta_log/0.json", "a.csv")
    with pytest.raises(InputError, match="is a Delta table"):
        table(folder)


def test_an_empty_file_beside_others_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", "a.csv")
    (folder / "b.csv").touch()
    read = table(folder)
    assert (count(read), read.warnings()) == (2, ["skipped empty files in data: b.csv"])


def test_a_file_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", "a.csv")
    (folder / "b.csv").write_text("x\n1\n")
    (warning,) = table(folder).warnings()
    assert warning.endswith("b.csv has no column y: missing in its rows")


@pytest.mark.parametrize("address", ["", "year=2026", "**/*.csv", "year=2026/a.csv"])
def test_folders_named_by_hive_are_columns(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "data"
    fill(folder, "year=2026/a.csv")
    read = table(folder / address)
    assert read.names == ("x", "y", "year")
    assert [block["year"].to_pylist() for block in read.read() if block.num_rows] == [["2026"] * 2]
    report = validate_file(str(folder / address), CONTRACT)
    assert (report.rows, report.rejected) == (2, 0)


def test_partitions_are_ingested(tmp_path: Path) -> None:
    fill(tmp_path / "data", "year=2026/kind=a%20b/a.csv", "year=__HIVE_DEFAULT_PARTITION__/b.csv")
    read = table(tmp_path / "data")
    rows = [row for block in read.read() for row in block.to_pylist()]
    assert [(row["year"], row["kind"]) for row in rows[1:3]] == [("2026", "a b"), (None, None)]
    (tmp_path / "config").mkdir()
    for name in ("contract.yaml", "project.yaml"):
        text = (FLIGHTS / "config" / name).read_text(encoding="utf-8")
        (tmp_path / "config" / name).write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path, source="data/year=2026")
    found = ingest(settings, CONTRACT)
    assert found.snapshot.table()["year"].to_pylist() == [2026, 2026]


@pytest.mark.parametrize("pattern", ["*.csv", "**/*.csv", "[ab].csv"])
def test_brackets_in_names_of_folders_are_no_pattern(tmp_path: Path, pattern: str) -> None:
    folder = fill(tmp_path / "data [2026] {x}", "a.csv")
    assert count(table(folder / pattern)) == 2
    assert count(table(folder)) == 2
    fill(tmp_path / "data", "b[1].csv")
    assert count(table(tmp_path / "data" / "b[1].csv")) == 2


@pytest.mark.parametrize("content", [[], [".a.csv"], ["a.md"]])
def test_a_folder_without_tables_is_named(tmp_path: Path, content: list[str]) -> None:
    folder = fill(tmp_path / "data", *content)
    folder.mkdir(exist_ok=True)
    with pytest.raises(InputError, match="data: no .csv or .parquet file"):
        table(folder)


def test_urls_are_addresses_of_tables(tmp_path: Path) -> None:
    base = f"memory://{uuid4().hex}"
    for name in ("a.csv", "b.csv", ".c.csv", "note.md"):
        with fsspec.open(f"{base}/{name}", "w") as file:
            file.write(CSV)
    read = table(base)
    assert (read.address, count(read), len(read.warnings())) == (base, 4, 2)
    assert count(table(f"{base}/*.csv")) >= 4
    local = fill(tmp_path / "with blank", "a.csv") / "a.csv"
    assert count(table(local.as_uri())) == 2
    assert table(local.as_uri()).address == str(local)
    (tmp_path / "config").mkdir()
    text = (FLIGHTS / "config/project.yaml").read_text(encoding="utf-8")
    (tmp_path / "config/project.yaml").write_text(text, encoding="utf-8")
    contract = parse_contract(CONTRACT.text.replace("  year: {type: integer}\n", ""))
    assert ingest(load_settings(tmp_path, source=f"{base}/a.csv"), contract).rows == 2
    secret = open_source("https://me:word@host/a.csv?signature=x", load_settings(tmp_path))
    assert secret.address == "https://host/a.csv"
    with pytest.raises(SourceError, match="unknown scheme gopher://"):
        ingest(load_settings(tmp_path, source="gopher://host/a.csv"), contract)
