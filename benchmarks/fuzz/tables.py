"""Files for the readers of tables: read as they are, and ingested by a contract."""

import bz2
import gzip
import io
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
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources.file import read_batches

from .mutation import mutated
from .target import Target
from .texts import CONTRACT, NAMES, ROW, csv_texts, json_lines

PLAIN = Csv()
GERMAN = Csv(delimiter=";", quote="'", escape="\\", decimal=",", encoding="detect", skip=1)


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
    for row in [NAMES, *([f"k{n}", *ROW[1:]] for n in range(5))]:
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


def _reading(name: str, suffix: str, inputs: st.SearchStrategy[bytes], csv: Csv = PLAIN) -> Target:
    def run(content: bytes) -> None:
        with _project(csv) as settings:
            file = settings.root / f"rows{suffix}"
            file.write_bytes(content)
            ingest(settings, CONTRACT, source=str(file))
            for table in read_batches([file], csv=csv, malformed=True):
                table.validate(full=True)

    return Target(name, suffix, inputs, run)


_TEXT = st.one_of(csv_texts(), mutated(csv_texts()), st.binary(max_size=300))
_LINES = st.one_of(json_lines(), mutated(json_lines()), st.binary(max_size=300))
TARGETS = [
    _reading("csv", ".csv", _TEXT),
    _reading("csv-of-settings", ".csv", _TEXT, GERMAN),
    _reading("json-lines", ".jsonl", _LINES),
    _reading("gzip", ".csv.gz", mutated(csv_texts().map(gzip.compress))),
    _reading("bzip2", ".csv.bz2", mutated(csv_texts().map(bz2.compress))),
    _reading("xz", ".csv.xz", mutated(csv_texts().map(lzma.compress))),
    _reading("zip", ".csv.zip", mutated(csv_texts().map(lambda text: _zip({"rows.csv": text})))),
    _reading("parquet", ".parquet", mutated(st.sampled_from([_parquet("none"), _parquet("zstd")]))),
    _reading("feather", ".feather", mutated(st.just(_feather()))),
    _reading("orc", ".orc", mutated(st.just(_orc()))),
    _reading("workbook", ".xlsx", mutated(st.just(_workbook())) | _unpacked_workbooks()),
]
