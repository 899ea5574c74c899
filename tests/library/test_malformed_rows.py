"""Rows of text files that cannot be split: quarantined, named by line, or a reason to stop."""

import io
from pathlib import Path

import pyarrow.parquet
import pytest

from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources.dialect import detect_dialect, first_lines
from mlops_loop.data._sources.file import read_batches
from mlops_loop.data._sources.malformed import MalformedRows
from mlops_loop.data._validation_report import validate_file
from mlops_loop.errors import ContractError, InputError, SourceError

from .text_files import CONTRACT, lines, project, rows, table

RAGGED = lines("a,b,c,y", lambda n: "1,2,3,4,5" if n == 7 else f"{n},2,3,{n % 2}", 40)


def test_a_malformed_row_is_quarantined_with_its_text(tmp_path: Path) -> None:
    settings = project(tmp_path, RAGGED)
    found = ingest(settings, CONTRACT)
    assert (found.rows, found.quarantined) == (39, 1)
    assert found.quarantine_path is not None
    (row,) = pyarrow.parquet.read_table(found.quarantine_path).to_pylist()
    assert row["raw"] == "1,2,3,4,5" and row["source"].endswith("in.csv")
    assert row["reasons"] == "line 8 is malformed: 5 values, expected 4"
    report = validate_file(tmp_path / "in.csv", CONTRACT)
    assert (report.rows, report.rejected) == (40, 1)
    assert (
        "in.csv, line 8: row is malformed: 5 values, expected 4, got '1,2,3,4,5'"
        in report.messages()[-1]
    )


def test_many_malformed_rows_stop_the_ingestion(tmp_path: Path) -> None:
    settings = project(tmp_path, RAGGED + "1,2\n" * 3)
    with pytest.raises(ContractError, match="4 of 43 rows.*in.csv, line 8: 5 values, expected 4"):
        ingest(settings, CONTRACT)
    with pytest.raises(InputError, match="4 of 43 rows are malformed, the first in .*line 8"):
        rows(table(tmp_path / "in.csv"))


def test_adopt_names_few_malformed_rows_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(RAGGED)
    read = table(path)
    assert len(rows(read)) == 39
    assert read.warnings() == [
        f"malformed rows will be rejected: 1, the first in {path}, line 8: 5 values, expected 4"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,y\n"1\n2",0\n\n3,4,5\n', 5),
        ("Title\n\na,y\n1,0\n2,1\n3,1\n4,0\n5,1\n6,0\n7,8,9\n", 10),
        ("a,y\r\n1,0\r\n2\r\n", 3),
    ],
)
def test_lines_of_malformed_rows_are_those_of_an_editor(
    tmp_path: Path, text: str, line: int
) -> None:
    path = tmp_path / "in.csv"
    path.write_text(text, newline="")
    with pytest.raises(SourceError, match=f"in.csv, line {line}: "):
        csv = detect_dialect(first_lines(io.StringIO(text, newline="")))
        list(read_batches([path], csv=csv))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,y\n" + b"x,\xe9\n", "not text in utf-8, but probably in cp1252: give --encoding"),
        (("a,y\n" + "é,1\n" * 9).encode() + b"\xff,2\n", "in.csv, line 11: invalid UTF-8"),
        (b'a,y\n1,2\n3,"4\n5,6\n', "the quote before '4' is never closed"),
        (b'a,y,z\n1,2,3\n4,"5,6\n7,8,9\n', "in.csv, line 3: a quote is never closed"),
        (b'a,y,z\n1,2,"3\n' + b"7,8,9\n" * 20, "the quote before '3' is never closed"),
        (b"a,y\n1,2\n3,\x00\x01\n", "binary file"),
        (b"a,y\n" + b"1.5,2\n" * 50 + b"x\0,1\n", "in.csv, line 52: contains a NUL character"),
        (b"\n\n", "is empty"),
        (b"\x1f\x8b\x08\x00", "gzip archive: name it .csv.gz"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "is a web page"),
    ],
)
def test_what_cannot_be_read_is_said_in_words_of_ours(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message):
        list(read_batches([path]))


def test_a_long_row_is_read_in_a_larger_block(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    long = "x" * 2_000_000
    middle = f"1,{long}\n1,2,3\n" + "2,short\n" * 200_000
    path.write_text("a,y\n1,2,3\n" + "0,short\n" * 200_000 + middle)
    found: list[object] = []
    malformed: list[int] = []
    for block in read_batches([path], malformed=True):
        rows = MalformedRows.of(block)
        malformed += rows.lines if rows else []
        found += [] if rows else block["a"].to_pylist()
    assert malformed == [2, 200_004]
    assert found == ["0"] * 200_000 + ["1"] + ["2"] * 200_000


@pytest.mark.parametrize("swallowed", [12, 30_000])
def test_a_quote_that_a_later_one_closes_is_named_where_it_was_opened(
    tmp_path: Path, swallowed: int
) -> None:
    last = 20 + swallowed
    cells = {8: '"open', last: '"closed"'}
    text = lines("a,b,y", lambda n: f"{n},{cells.get(n, 'x')},{n % 2}", last + 20)
    (tmp_path / "in.csv").write_text(text)
    blocks = list(read_batches([tmp_path / "in.csv"], malformed=True))
    bad = [rows for block in blocks if (rows := MalformedRows.of(block))]
    assert [rows.lines for rows in bad] == [[*range(9, last + 2)]]
    assert bad[0].first.endswith(
        f"line 9: a quote is opened and closed {last - 8} lines later: close it, or read quotes as "
        "text with --quote none"
    )
    assert bad[0].texts[1] == "9,x,1"
    good = [value for block in blocks if MalformedRows.of(block) is None for value in block["a"]]
    assert len(good) == 7 + 20


def test_texts_of_several_lines_are_values(tmp_path: Path) -> None:
    letter = "Dear Sir,\n\nthe price, as agreed, is 5.\nThe rest, I fear,\nis lost.\n\nYours,\nX"
    (tmp_path / "in.csv").write_text(lines("a,b,y", lambda n: f'{n},"{letter}",1'))
    (block,) = [block for block in read_batches([tmp_path / "in.csv"]) if block.num_rows]
    assert block["b"].unique().to_pylist() == [letter]
