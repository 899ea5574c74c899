"""Files for the readers of tables: read as they are, and ingested by a contract."""

import bz2
import gzip
import io
import json
import lzma
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
from hypothesis import strategies as st
from openpyxl import Workbook

from mlops_loop._settings import Csv, Ingestion, Settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources.file import read_batches

from .mutation import mutated
from .target import Target

CONTRACT = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  amount: {type: number, nullable: true}
  count: {type: integer, nullable: true}
  kind: {type: category, nullable: true}
  flag: {type: boolean, nullable: true}
  outcome: {type: number, role: target}
""")
NAMES = [*CONTRACT.by_name]
PLAIN = Csv()
GERMAN = Csv(delimiter=";", quote="'", escape="\\", decimal=",", encoding="detect", skip=1)

_ROW = ["k1", "2013-01-01T10:00:00", "1.5", "3", "a", "true", "2.5"]
_ODD = [
    *("", " ", "NA", "nan", "-inf", "1e999", "1,5", "1.234,5", "9" * 400, "0x1F", "-0", "1_000"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "24:00", "31.12.2013", "\0", "\x1a"),
    *('"', '""', '"a\nb', "a\r\nb", "'", "\\", ";", "\t", "é漢", "\ufeff", "\ud800", "x" * 20_000),
    *("1e400", "18446744073709551616", "253402300800", "-62135596801", "true", "null", "{}"),
]
_CELLS = st.sampled_from(_ODD) | st.sampled_from(_ROW) | st.text(max_size=6)


@st.composite
def _rows(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows of texts, most of them right."""
    rows = [NAMES, *([*_ROW] for _ in range(draw(st.integers(0, 12))))]
    for number, row in enumerate(rows[1:]):
        row[0] = f"k{number}"
    for _ in range(draw(st.integers(0, 5))):
        row = draw(st.integers(0, len(rows) - 1))
        rows[row] = [*rows[row]]
        rows[row][draw(st.integers(0, len(NAMES) - 1))] = draw(_CELLS)
    if draw(st.booleans()):
        rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(_CELLS, max_size=9))
    return rows


@st.composite
def _csv(draw: st.DrawFn) -> bytes:
    """Delimited text of any dialect and encoding, quoted or not."""
    delimiter = draw(st.sampled_from(",,,;\t|: "))
    quote = draw(st.sampled_from(["", "", '"', "'"]))
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "utf-32"])
    )
    title = draw(st.sampled_from(["", "", "a title\n\n", "sep=;\n", "# comment\n"]))
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in draw(_rows())]
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    return (title + ending.join(lines)).encode(encoding, errors)


@st.composite
def _json_lines(draw: st.DrawFn) -> bytes:
    values = st.one_of(
        _CELLS.map(json.dumps),
        st.floats().map(json.dumps),
        st.integers().map(json.dumps),
        st.sampled_from(["null", "{}", "[1, [2]]", "1e999", "1" * 400, "NaN", "[" * 3000, "true"]),
        st.integers(1, 1200).map(lambda depth: "[" * depth + "]" * depth),
    )
    keys = st.sampled_from([*NAMES, "", "other"]).map(json.dumps) | _CELLS.map(json.dumps)
    lines = []
    for number in range(draw(st.integers(0, 6))):
        row = {**dict(zip(NAMES, _ROW)), "key": f"k{number}", "amount": 1.5, "outcome": number}
        members = [(json.dumps(name), json.dumps(value)) for name, value in row.items()]
        members += draw(st.lists(st.tuples(keys, values), max_size=3))
        lines.append("{" + ",".join(f"{name}: {value}" for name, value in members) + "}")
    lines += draw(st.lists(values, max_size=1))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _table() -> pa.Table:
    """Rows of the contract in types of their own, and columns of other types."""
    count = 20
    moments = pa.array([1_356_998_400_000_000 + n for n in range(count)], pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "key": [f"k{n}" for n in range(count)],
            "at": moments,
            "amount": [None if n % 5 == 0 else n / 2 for n in range(count)],
            "count": [*range(count)],
            "kind": pa.array([None, "a", "b", "a"] * 5).dictionary_encode(),
            "flag": [True, None] * 10,
            "outcome": [float(n) for n in range(count)],
            "nested": [[n] for n in range(count)],
        }
    )


def _columnar(write: Callable[[pa.Table, io.BytesIO], object]) -> bytes:
    content = io.BytesIO()
    write(_table(), content)
    return content.getvalue()


def _parquet(compression: str) -> bytes:
    return _columnar(
        lambda table, out: pyarrow.parquet.write_table(table, out, compression=compression)
    )


def _feather() -> bytes:
    return _columnar(pyarrow.feather.write_feather)


def _orc() -> bytes:
    # ORC has no dictionaries.
    def write(table: pa.Table, out: io.BytesIO) -> None:
        plain = table.set_column(4, "kind", table["kind"].cast(pa.string()))
        pyarrow.orc.write_table(plain, out)

    return _columnar(write)


def _workbook() -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in [NAMES, *([f"k{n}", *_ROW[1:]] for n in range(5))]:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def _unpacked_workbooks() -> st.SearchStrategy[bytes]:
    """Workbooks with one of their parts mutated before they are zipped."""
    with zipfile.ZipFile(io.BytesIO(_workbook())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def zipped(name: str, content: bytes) -> bytes:
        return _zip({**parts, name: content})

    return st.sampled_from([*parts]).flatmap(
        lambda name: st.builds(zipped, st.just(name), mutated(st.just(parts[name])))
    )


def _zip(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


@contextmanager
def _project(csv: Csv) -> Iterator[Settings]:
    # A share of bad rows that lets the good ones reach the snapshot.
    with tempfile.TemporaryDirectory() as root:
        ingestion = Ingestion(max_bad_share=0.9)
        yield Settings(root=Path(root), source="unused", csv=csv, ingestion=ingestion)


def _reading(
    name: str, suffix: str, inputs: st.SearchStrategy[bytes], csv: Csv = PLAIN
) -> Target:
    def run(content: bytes) -> None:
        with _project(csv) as settings:
            file = settings.root / f"rows{suffix}"
            file.write_bytes(content)
            ingest(settings, CONTRACT, source=str(file))
            for table in read_batches([file], csv=csv, malformed=True):
                table.validate(full=True)

    return Target(name, suffix, inputs, run)


_TEXT = st.one_of(_csv(), mutated(_csv()), st.binary(max_size=300))
_LINES = st.one_of(_json_lines(), mutated(_json_lines()), st.binary(max_size=300))
TARGETS = [
    _reading("csv", ".csv", _TEXT),
    _reading("csv-of-settings", ".csv", _TEXT, GERMAN),
    _reading("json-lines", ".jsonl", _LINES),
    _reading("gzip", ".csv.gz", mutated(_csv().map(gzip.compress))),
    _reading("bzip2", ".csv.bz2", mutated(_csv().map(bz2.compress))),
    _reading("xz", ".csv.xz", mutated(_csv().map(lzma.compress))),
    _reading("zip", ".csv.zip", mutated(_csv().map(lambda text: _zip({"rows.csv": text})))),
    _reading("parquet", ".parquet", mutated(st.sampled_from([_parquet("none"), _parquet("zstd")]))),
    _reading("feather", ".feather", mutated(st.just(_feather()))),
    _reading("orc", ".orc", mutated(st.just(_orc()))),
    _reading("workbook", ".xlsx", mutated(st.just(_workbook())) | _unpacked_workbooks()),
]
