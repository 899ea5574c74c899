"""Columnar files, workbooks, JSON Lines and databases, with the types of other tools."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import inf
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from mlops_loop._profiling.table_opening import open_table
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract import Column, Contract
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources.file import read_batches
from mlops_loop.errors import InputError

from .profiling.conftest import Adopt, adopt, root  # noqa: F401
from .profiling.tables import contract

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
NAIVE = datetime(2026, 1, 10, 12)
ID = UUID("0e67ecd7-d380-4fe4-9a71-932ef48965bb")
ROWS = 40
KINDS = ["a", b"b", None]


def values(path: Path, column: str = "x") -> list[object]:
    read = open_table(str(path), path.parent)
    blocks = [block.select([column]) for block in read.read()]
    return [value for block in blocks for value in block[column].to_pylist()]


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (pa.array([1_768_046_400_000_000_001], pa.timestamp("ns")), NAIVE),
        (pa.array([1_768_046_400_000_000_001], pa.timestamp("ns", "UTC")), NOON),
        (pa.array([1_768_046_400], pa.timestamp("s", "Europe/Paris")), NOON),
        (pa.array(["a"], pa.string_view()), "a"),
        (pa.array(["a"], pa.large_string()), "a"),
        (pa.array(["a"]).dictionary_encode(), "a"),
        (pa.array([b"a"], pa.binary()), "a"),
        (pa.array([b"\xff"], pa.binary_view()), "ff"),
        (pa.array([ID.bytes], pa.uuid()), str(ID)),
        (pa.array([ID.bytes], pa.binary(16)), str(ID)),
        (pa.array([Decimal("1.5")], pa.decimal128(10, 2)), 1.5),
        (pa.array([1.5], pa.float16()), 1.5),
        (pa.array([2**63], pa.uint64()), 2**63),
        (pa.array([date(2026, 1, 1)], pa.date64()), date(2026, 1, 1)),
        (pa.array([2**61], pa.timestamp("ms")), None),
        (pa.array([None], pa.null()), None),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_types_of_other_tools_are_read(tmp_path: Path, array: pa.Array, wanted: object) -> None:
    path = tmp_path / "in.parquet"
    pyarrow.parquet.write_table(pa.table({"x": array, "y": [1]}), path)
    assert values(path) == [wanted]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (pa.array(["a"]).dictionary_encode(), pa.array(["b"]), ["a", "b"]),
        (pa.array([1]), pa.array(["b"]), ["1", "b"]),
        (pa.array([1]), pa.array([2.5]), [1.0, 2.5]),
        (pa.array([1], pa.int8()), pa.array([2**40]), [1, 2**40]),
        (pa.array([1], pa.int64()), pa.array([2**63], pa.uint64()), [1.0, 2.0**63]),
        (pa.array([NAIVE]), pa.array([NOON]), [NOON, NOON]),
        (pa.array([date(2026, 1, 10)]), pa.array([NOON]), [NOON.replace(hour=0), NOON]),
        (pa.array([date(2026, 1, 10)]), pa.array(["soon"]), ["2026-01-10", "soon"]),
        (pa.array([True]), pa.array([3]), ["true", "3"]),
        (pa.array([None], pa.null()), pa.array(["b"]), [None, "b"]),
        (pa.array([[1]]), pa.array(["b"]), ["[1]", "b"]),
        (pa.array([time(1)]), pa.array(["b"]), ["01:00:00.000000", "b"]),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_files_of_a_folder_may_differ_in_a_type(
    tmp_path: Path, first: pa.Array, second: pa.Array, wanted: list[object]
) -> None:
    for name, array in (("a", first), ("b", second)):
        pyarrow.parquet.write_table(pa.table({"x": array, "y": [1]}), tmp_path / f"{name}.parquet")
    assert values(tmp_path) == wanted


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged, incomplete or not a parquet file"),
        (b"PAR1" + b"x" * 50 + b"PAR1", "damaged, incomplete or not a parquet file"),
        (b"x,y\n1,2\n", "damaged, incomplete or not a parquet file"),
    ],
)
def test_a_damaged_file_is_named_in_words_of_ours(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "in.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"in.parquet is {message}"):
        open_table(str(path), tmp_path)


def test_columns_keep_their_names_in_any_order(tmp_path: Path) -> None:
    values = pa.table([[1], [2], [3], [4]], names=["a", "b", "a", "c"])
    pyarrow.parquet.write_table(values, tmp_path / "in.parquet")
    (whole,) = [table for table in read_batches([tmp_path / "in.parquet"]) if table.num_rows]
    assert list(whole.to_pylist()[0].values()) == [1, 2, 3, 4]
    unique = whole.column_names
    wanted = [Column(name=unique[at], type="integer") for at in (3, 2, 1)]
    tables = read_batches([tmp_path / "in.parquet"], wanted)
    (selected,) = [table for table in tables if table.num_rows]
    assert selected.to_pylist() == [{unique[3]: 4, unique[2]: 3, unique[1]: 2}]


def test_a_file_without_columns_is_named(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({}), tmp_path / "in.parquet")
    with pytest.raises(InputError, match="in.parquet has no columns"):
        open_table(str(tmp_path / "in.parquet"), tmp_path)


def test_a_uuid_is_an_id(root: Path, adopt: Adopt) -> None:  # noqa: F811
    ids = [UUID(int=number).bytes for number in range(ROWS)]
    table = pa.table(
        {
            "id": pa.array(ids, pa.uuid()),
            "x": [number / 7 for number in range(ROWS)],
            "at": pa.array(range(ROWS), pa.timestamp("ns")),
            "y": [number % 2 for number in range(ROWS)],
        }
    )
    pyarrow.parquet.write_table(table, root / "in.parquet")
    done = adopt("in.parquet", "--target", "y", "--id", "id")
    assert done.exit_code == 0, done.output
    found = ingest(load_settings(root), contract(root))
    assert found.rows == ROWS
    assert found.snapshot.table()["id"][1].as_py() == str(UUID(int=1))


def test_adopt_and_ingest_agree_on_infinite_values(root: Path, adopt: Adopt) -> None:  # noqa: F811
    sizes = [
        [inf, -inf, 1.5, 2.5, 3.5][number % 5] if number < 5 else number for number in range(400)
    ]
    table = pa.table({"x": sizes, "z": range(400), "y": [number % 3 for number in range(400)]})
    pyarrow.parquet.write_table(table, root / "in.parquet")
    done = adopt("in.parquet", "--target", "y")
    assert done.exit_code == 0, done.output
    found = ingest(load_settings(root), contract(root))
    assert (found.rows, found.quarantined) == (400, 0)
    assert found.snapshot.table()["x"].null_count == 2


@pytest.mark.parametrize("name", ["in.feather", "in.arrow", "in.stream.arrow", "in.orc", "in.pq"])
def test_other_columnar_files_are_read(tmp_path: Path, name: str) -> None:
    table = pa.table({"x": [1.5, None], "at": pa.array([NAIVE] * 2), "y": ["a", "b"]})
    path = tmp_path / name
    if name == "in.orc":
        pyarrow.orc.write_table(table, path)
    elif name == "in.pq":
        pyarrow.parquet.write_table(table, path)
    elif name == "in.stream.arrow":
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    else:
        pyarrow.feather.write_feather(table, str(path), compression="zstd")
    assert values(path) == [1.5, None] and values(path, "y") == ["a", "b"]


def test_json_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = ['{"x": 1, "y": "a"}', "", '{"y": "b", "x": 2.5, "more": {"k": [1]}}', '{"x": "n"}']
    path.write_text("\n".join([*rows, *rows * 10]) + "\n")
    assert values(path)[:3] == ["1", "2.5", "n"]
    assert values(path, "more")[:3] == [None, '{"k":[1]}', None]
    path.write_text('{"x": 1}\n[2]\n' + '{"x": 3}\n' * 40)
    read = open_table(str(path), tmp_path)
    assert sum(block.num_rows for block in read.read()) == 41
    assert "in.jsonl, line 2: expected a JSON object" in read.warnings()[0]


def test_json_lines_under_another_name_are_recognized(tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"x": 1}\n{"x": 2}\n')
    with pytest.raises(InputError, match="name it .jsonl"):
        open_table(str(tmp_path / "in.json"), tmp_path)


def test_the_first_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    workbook(path)
    read = open_table(str(path), tmp_path)
    assert read.names == ("id", "x", "day", "word")
    assert [row for block in read.read() for row in block.to_pylist()] == [
        {"id": 1, "x": 1.5, "day": NAIVE.replace(hour=0), "word": "a"},
        {"id": 2, "x": None, "day": NAIVE, "word": "b"},
    ]
    assert read.warnings() == [f"{path} has the sheets first, notes: only first is read"]


def workbook(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "first"
    sheet.append(["Report of May"])
    sheet.append(["id", "x", "day", "word"])
    sheet.append([1, 1.5, date(2026, 1, 10), "a"])
    sheet.append([2, None, NAIVE, "b"])
    book.create_sheet("empty")
    book.create_sheet("notes").append(["nothing", "else"])
    book.save(path)


def test_columns_of_sqlite_may_mix_types(root: Path, adopt: Adopt) -> None:  # noqa: F811
    count = 21_000  # more than a block
    with closing(sqlite3.connect(root / "shop.db")) as database, database:
        database.execute("create table sales (code, size, kind, y integer)")
        rows = [
            (n % 9 if n < 18_000 else f"c{n % 9}", n / 7 if n % 2 else n, KINDS[n % 3], n % 2)
            for n in range(count)
        ]
        database.executemany("insert into sales values (?, ?, ?, ?)", rows)
    database.close()
    done = adopt("sqlite:///shop.db", "--query", "select * from sales", "--target", "y")
    assert done.exit_code == 0, done.output
    found = contract(root)
    types = [found.column(name).type for name in ("code", "size", "kind")]
    assert types == ["category", "number", "category"]
    assert ingest(load_settings(root), found).rows == count


class Warehouse:
    """A source of one's own, with types of its writer."""

    address = "warehouse"

    def tables(self, contract: Contract, **hints: object) -> Iterator[pa.Table]:
        at = pa.array([1_768_046_400_000_000_001] * 2, pa.timestamp("ns"))
        yield pa.table({"key": pa.array(["a", "b"], pa.string_view()), "at": at, "y": [b"c", b"d"]})


def test_a_source_of_ones_own_has_types_of_other_tools(root: Path) -> None:  # noqa: F811
    contract = parse_contract("""
{problem: multiclass, label_horizon: 1d, columns: {
key: {type: text, role: id}, at: {type: datetime, role: time},
y: {type: category, role: target, categories: {values: [c, d, e]}}}}
""")
    found = ingest(load_settings(root), contract, sources=[Warehouse()]).snapshot.table()
    assert found["at"].to_pylist() == [NOON, NOON] and found["y"].to_pylist() == ["c", "d"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("in.json", r"pandas.read_json\('.*/in.json'\).to_parquet\('.*/in.parquet'\)"),
        ("in.dta", "read_stata"),
        ("in.sas7bdat", "read_sas"),
        ("in.rds", r"Rscript -e .*readRDS\('.*/in.rds'\), '.*/in.csv'"),
        ("in.arff", "import pandas, scipy.io.arff; "),
        ("in", "end in nothing"),
        ("in.parquet.gz", "decompress it first"),
        ("in.7z", "convert it"),
        ("in.db", "this is a database; .*in.db --query"),
    ],
)
def test_what_is_not_read_is_rejected_with_the_line_that_converts_it(
    tmp_path: Path, name: str, message: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=message):
        open_table(str(tmp_path / name), tmp_path)
