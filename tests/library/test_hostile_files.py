"""Files that fuzzing made: each is read, or rejected by name, in a short time."""

import bz2
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._sources.dialect import detect_dialect
from mlops_loop.data._sources.file import FileSource, read_batches
from mlops_loop.data._sources.malformed import MalformedRows
from mlops_loop.errors import SourceError

CONTRACT = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  a: {type: text}
  y: {type: number, role: target}
""")


def read(path: Path) -> list[pa.Table]:
    return [*FileSource(path.name, path.name, path.parent).tables(CONTRACT)]


@pytest.mark.parametrize("value", ["x" * 70_000, "漢" * 70_000, "http://" + "a-" * 35_000])
def test_a_long_value_takes_no_time_to_split(value: str) -> None:
    dialect = detect_dialect(["a;y\n", f"{value};2\n", "b;3\n"])
    assert dialect.delimiter == ";"


@pytest.mark.parametrize(
    "text",
    ["\n\na\nb\n", "a\0;y\n1;2\n", "a;y\n" + "x, " * 50_000 + ";2\n"],
    ids=["a blank first line", "a NUL", "a value beyond the limit of the csv module"],
)
def test_any_text_has_some_dialect(text: str) -> None:
    assert detect_dialect(text.splitlines(keepends=True)).delimiter


def test_invalid_utf8_in_a_malformed_row_is_an_error_of_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", printed.append)
    path = tmp_path / "in.csv"
    path.write_bytes(b"a,y\n" + b"b,2\n" * 50 + b"\xfb\n")
    with pytest.raises(SourceError, match="in.csv is not text in utf-8, but probably in cp1252"):
        list(read_batches([path]))
    assert not printed


def test_json_nested_too_deeply_is_a_malformed_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"a": "b", "y": 1}\n{"a": ' + "[" * 3000 + "\n")
    malformed = [rows for table in read(path) if (rows := MalformedRows.of(table))]
    assert [rows.lines for rows in malformed] == [[2]]


def _zip_with_a_wrong_offset() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("in.csv", "a,y\nb,2\n")
    damaged = bytearray(content.getvalue())
    # The offset of the list of files, in the last record: beyond it, the archive begins before 0.
    damaged[-6:-2] = (len(damaged) + 1000).to_bytes(4, "little")
    return bytes(damaged)


def _encrypted_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("in.csv", "a,y\nb,2\n")
    # Bit 0 of the flags, in the file's own record and in the list of files.
    encrypted = bytearray(content.getvalue())
    encrypted[6] |= 1
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    return bytes(encrypted)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv.bz2", bz2.compress(b"a,y\nb,2\n")[:12] + b"\xff" * 40, "is damaged or incomplete"),
        ("in.csv.zip", _zip_with_a_wrong_offset(), "is damaged or incomplete"),
        ("in.csv.zip", _encrypted_zip(), "is encrypted.*: unpack it"),
    ],
)
def test_damaged_archives_are_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        read(tmp_path / name)


def columnar(table: pa.Table, path: Path) -> None:
    match path.suffix:
        case ".feather":
            pyarrow.feather.write_feather(table, path)
        case ".orc":
            pyarrow.orc.write_table(table, path)
        case _:
            pyarrow.parquet.write_table(table, path)


@pytest.mark.parametrize("name", ["in.feather", "in.parquet", "in.orc"])
def test_texts_of_columnar_files_are_utf8(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    latin = pa.array([b"\xe9\xe8", b"b"]).view(pa.string())
    table = pa.table({"a": latin, "y": [1.0, 2.0], "unused": latin})
    columnar(table, path)
    with pytest.raises(SourceError, match=f"{name} has texts that are not UTF-8: write them"):
        read(path)
    others = list(read_batches([path], [CONTRACT.by_name["y"]]))
    assert sum(table.num_rows for table in others) == 2


@pytest.mark.parametrize("name", ["in.feather", "in.parquet", "in.orc"])
def test_names_of_columns_that_are_not_utf8_are_a_damaged_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    columnar(pa.table({"long name": ["b"], "y": [1.0]}), path)
    path.write_bytes(path.read_bytes().replace(b"long name", b"long \xe9\xe8me"))
    with pytest.raises(SourceError, match=f"{name} is damaged"):
        read(path)
