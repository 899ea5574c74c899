import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._settings import Csv, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._sources import open_source, read_all
from mlops_loop.data._sources.file import read_batches
from mlops_loop.data._sources.prediction_log import LabelledLog
from mlops_loop.data._sources.sql import placed_url
from mlops_loop.errors import SourceError
from mlops_loop.prediction_log import (
    Label,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)

from .places import FLIGHTS

ROOT = FLIGHTS
CONTRACT = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  size: {type: number}
  note: {type: text, nullable: true}
  y: {type: boolean, role: target}
""")
HEADER = "key,at,size,note,y\n"
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return load_settings(tmp_path, csv=Csv())


@pytest.fixture
def log(settings: Settings) -> Iterator[PredictionLog]:
    opened = open_prediction_log(settings.prediction_log, root=settings.root)
    yield opened
    opened.close()


def write(settings: Settings, name: str, text: str) -> None:
    path = settings.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def read(settings: Settings, address: str) -> pa.Table:
    return read_all(open_source(address, settings), CONTRACT)


def test_csv_values_stay_texts_and_empty_ones_are_null(settings: Settings) -> None:
    rows = "a,2026-01-01,oops,NA,true\nb,2026-01-01,,null,\n"
    write(settings, "in.csv", HEADER + rows)
    table = read(settings, "in.csv")
    assert table["size"].to_pylist() == ["oops", None]
    assert table["note"].to_pylist() == ["NA", "null"]
    assert table["y"].to_pylist() == ["true", None]


def test_a_column_the_contract_does_not_have_is_not_read(settings: Settings) -> None:
    write(settings, "in.csv", "more,key,at,size,y\n1,a,2026-01-01,2,true\nx,b,2026-01-01,3,true\n")
    assert read(settings, "in.csv").column_names == ["key", "at", "size", "y"]


def test_a_folder_and_a_glob_are_read_in_the_order_of_names(settings: Settings) -> None:
    for name in ("b", "a"):
        write(settings, f"in/{name}.csv", f"{HEADER}{name},2026-01-01,1,,true\n")
    write(settings, "in/readme.txt", "not data")
    for address in ("in", "in/*.csv", str(settings.path("in"))):
        assert read(settings, address)["key"].to_pylist() == ["a", "b"]


def test_marks_of_other_writers_are_understood(settings: Settings) -> None:
    text = '\ufeff"key","at","size","note","y"\r\n"a","2026-01-01",1,"two\nlines, ""NA""",true\r\n'
    write(settings, "in.csv", text + '"b","2026-01-01",1,"NA",true\r\n')
    table = read(settings, "in.csv")
    assert table["key"].to_pylist() == ["a", "b"]
    # What was written in quotes is a text, whatever it says.
    assert table["note"].to_pylist() == ['two\nlines, "NA"', "NA"]


def test_a_header_alone_is_a_table_without_rows(settings: Settings) -> None:
    write(settings, "in.csv", HEADER)
    table = read(settings, "in.csv")
    assert table.num_rows == 0 and table.column_names == ["key", "at", "size", "note", "y"]


def test_files_may_differ_in_the_type_of_a_number(settings: Settings) -> None:
    settings.path("in").mkdir()
    for name, size in (("a", 1), ("b", 2.5)):
        table = pa.table({"key": [name], "at": [NOON], "size": [size], "y": [True]})
        pyarrow.parquet.write_table(table, settings.path(f"in/{name}.parquet"))
    assert read(settings, "in")["size"].to_pylist() == [1.0, 2.5]


def test_parquet_keeps_its_types(settings: Settings) -> None:
    table = pa.table({"key": ["a"], "at": [NOON], "size": [1], "y": [True]})
    pyarrow.parquet.write_table(table, settings.path("in.parquet"))
    assert read(settings, "in.parquet").equals(table)


def test_what_is_held_of_a_parquet_file_does_not_grow_with_it(settings: Settings) -> None:
    path = settings.root / "rows.parquet"
    sizes = np.random.default_rng(1).random(20_000)
    group = pa.table({"size": sizes, "level": sizes[::-1]})
    with pyarrow.parquet.ParquetWriter(path, group.schema) as writer:
        for _ in range(30):
            writer.write_table(group)
    before = pa.total_allocated_bytes()
    held = [
        pa.total_allocated_bytes() - before for _ in read_batches([path], batch_rows=len(sizes))
    ]
    assert len(held) > 30
    assert max(held) < path.stat().st_size / 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.csv", "key,at,y\na,2026-01-01,true\n", "missing columns size; it has key, at, y"),
        ("in.csv", "", "in.csv is empty"),
        ("in.csv", HEADER + "a,2026-01-01\n", "in.csv, line 2: 2 values, expected 5"),
        ("in.parquet", "no Parquet", "damaged, incomplete or not a parquet file"),
        ("in.xlsx", "no table", "in.xlsx is not a workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    settings: Settings, name: str, content: str, said: str
) -> None:
    write(settings, name, content)
    with pytest.raises(SourceError, match=said):
        read(settings, name)


def test_an_address_that_leads_nowhere_is_an_error(settings: Settings) -> None:
    settings.path("empty").mkdir()
    for address, said in (
        ("nothing.csv", "no file or folder"),
        ("empty", "no .csv or .parquet"),
        ("*.csv", "no .csv or .parquet"),
        ("gopher://host/file", "unknown scheme gopher://.*file://"),
        ("prediction_log://x", "unknown scheme prediction_log://"),
    ):
        with pytest.raises(SourceError, match=said):
            read(settings, address)


def record(number: int, at: datetime, size: object = 1.5) -> Record:
    columns = {"key": f"k{number}", "at": at.isoformat(), "size": size, "note": None}
    output = Output(version="1", variant="champion", served=True, prediction=True)
    return Record(f"p{number}", None, at, at, columns, (output,))  # type: ignore[arg-type]


def test_only_labelled_rows_that_had_time_to_get_one_are_read(log: PredictionLog) -> None:
    times = [NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=30)]
    log.append([record(number, at) for number, at in enumerate([*times, NOON])]).result()
    log.add_labels([Label(f"p{number}", number == 0, NOON) for number in range(3)])
    table = read_all(LabelledLog(log), CONTRACT, until=NOON + timedelta(hours=25))
    assert table.column_names == ["key", "at", "size", "note", "y"]
    assert table["key"].to_pylist() == ["k0"]
    assert table["y"].to_pylist() == [True]
    assert read_all(LabelledLog(log), CONTRACT).num_rows == 3


def test_values_of_an_older_contract_come_as_texts(log: PredictionLog) -> None:
    log.append([record(0, NOON), record(1, NOON, "large")]).result()
    log.add_labels([Label("p0", True, NOON), Label("p1", False, NOON)])
    assert sorted(read_all(LabelledLog(log), CONTRACT)["size"].to_pylist()) == ["1.5", "large"]


def test_of_more_rows_than_are_wanted_a_sample_is_read_the_same_each_time(
    log: PredictionLog,
) -> None:
    log.append([record(number, NOON + number * timedelta(minutes=1)) for number in range(2000)])
    log.add_labels([Label(f"p{number}", True, NOON) for number in range(2000)])
    some = LabelledLog(log, limit=500)
    keys = read_all(some, CONTRACT)["key"].to_pylist()
    assert 400 < len(keys) < 600 and read_all(some, CONTRACT)["key"].to_pylist() == keys
    places = [int(key[1:]) for key in keys]
    assert places == sorted(places) and 900 < sum(places) / len(places) < 1100
    assert some.available(CONTRACT) == 2000
    assert read_all(LabelledLog(log, limit=2000), CONTRACT).num_rows == 2000


@pytest.mark.parametrize("since", [None, NOON + timedelta(minutes=100)])
@pytest.mark.parametrize("part_rows", [5, 40, 1000])
def test_a_small_sample_is_drawn_without_reading_the_rest(
    log: PredictionLog, since: datetime | None, part_rows: int
) -> None:
    # Most rows in the first tenth of the time.
    minutes = [*range(1800), *range(1800, 18000, 81)]
    log.append([record(number, NOON + timedelta(minutes=number)) for number in minutes])
    log.add_labels([Label(f"p{number}", True, NOON) for number in minutes])
    end = NOON + timedelta(minutes=minutes[-1] + 1)
    all_read = read_all(LabelledLog(log, limit=100), CONTRACT, since=since)["key"].to_pylist()
    drawn = LabelledLog(log, limit=100, part_rows=part_rows)
    found = read_all(drawn, CONTRACT, since=since, until=end + CONTRACT.label_horizon)
    assert found["key"].to_pylist() == all_read and len(all_read) > 60


def test_a_log_without_labels_is_an_empty_table(log: PredictionLog) -> None:
    table = read_all(LabelledLog(log), CONTRACT, until=NOON)
    assert table.num_rows == 0 and table.num_columns == 5


def test_text_files_are_read_as_the_settings_say_and_plain_ones_too(settings: Settings) -> None:
    csv = Csv(delimiter=";", quote="'", encoding="cp1252", skip=1)
    own = load_settings(settings.root, csv=csv)
    path = own.path("own.csv")
    path.write_bytes("Einkäufe\nkey;at;size;note;y\na;2026-01-01;1;'ü;';1\n".encode("cp1252"))
    write(own, "plain.csv", HEADER + "a,2026-01-01,1,ü,1\n")
    assert read(own, "own.csv")["note"].to_pylist() == ["ü;"]
    assert read(own, "plain.csv")["note"].to_pylist() == ["ü"]


def test_names_that_stand_twice_are_told_apart(settings: Settings) -> None:
    own = "key, at ,size,size,y\na,2026-01-01,1,2,1\n"
    contract = parse_contract(CONTRACT.text.replace("note: {type: text", "size_2: {type: number"))
    write(settings, "in.csv", own)
    found = read_all(open_source("in.csv", settings), contract)
    assert (found["at"][0].as_py(), found["size_2"][0].as_py()) == ("2026-01-01", "2")


def test_a_placed_address_of_a_database_holds_in_other_folders(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "shop.db")) as database:
        database.execute("create table sold (key text, size real, y text)")
        database.execute("insert into sold values ('a', 1.5, 'yes')")
        database.commit()
    placed = placed_url("sqlite:///data/shop.db", tmp_path)
    elsewhere = load_settings(tmp_path, query="select * from sold").model_copy(
        update={"root": tmp_path / "elsewhere"}
    )
    assert read(elsewhere, f"sql://{placed}")["key"].to_pylist() == ["a"]
    with pytest.raises(SourceError, match="no database at"):
        read(elsewhere, "sql://sqlite:///data/shop.db")
    server = "postgresql://reader:secret@db/shop"
    assert placed_url(server, tmp_path) == server
