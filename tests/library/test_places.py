"""Rows are named alike by every command: the line of a text file, the row of another file."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._clock import ManualClock
from mlops_loop._settings import Csv
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._labels import read_labels
from mlops_loop.data._sources.file import PLAIN
from mlops_loop.data._validation_report import validate_file
from mlops_loop.errors import InputError

from .text_files import CONTRACT, lines, project

BAD = "1,x,0"


def places(source: Path, csv: Csv = PLAIN) -> list[tuple[str, int]]:
    """File and number of each violation; a number of a line is positive, that of a row negative."""
    violations = validate_file(source, CONTRACT, csv=csv).to_json()["violations"]
    return [
        (Path(each["file"]).name, each["line"] if "line" in each else -each["row"])
        for each in violations
    ]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("in.csv", f"a,c,y\n1,2,0\n{BAD}\n", 3),
        ("in.csv", f"\ufeffa,c,y\r\n1,2,0\r\n\r\n{BAD}\r\n", 4),
        ("in.csv", f'"a",c,y,note\n1,2,0,"two\nlines"\n{BAD},z\n', 4),
        ("in.csv", f"a,c,y\n1,2,0\n{BAD}", 3),
        ("in.jsonl", '{"a":1,"c":2,"y":false}\n\n{"a":1,"c":"x","y":false}\n', 3),
    ],
)
def test_a_violation_names_the_line_of_an_editor(
    tmp_path: Path, name: str, text: str, line: int
) -> None:
    (tmp_path / name).write_text(text, newline="")
    assert places(tmp_path / name) == [(name, line)]


def test_malformed_rows_and_skipped_lines_count(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"Title\n\na,c,y\n1,2,0\n1,2\n{BAD}\n2,2,1\n{BAD}\n")
    found = places(tmp_path / "in.csv", Csv(skip=2))
    assert sorted(found) == [("in.csv", 5), ("in.csv", 6), ("in.csv", 8)]


def test_each_file_of_a_folder_counts_from_its_own_beginning(tmp_path: Path) -> None:
    for name in ("1.csv", "2.csv"):
        (tmp_path / name).write_text(f"a,c,y\n1,2,0\n{BAD}\n")
    assert places(tmp_path) == [("1.csv", 3), ("2.csv", 3)]


def test_a_file_without_lines_counts_rows_from_1(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    pyarrow.parquet.write_table(pa.table({"a": [1, 1], "c": ["2", "x"], "y": [True, False]}), path)
    assert places(path) == [("in.parquet", -2)]
    labels = tmp_path / "labels.parquet"
    table = pa.table({"prediction_id": ["p", None], "label": [True, False]})
    pyarrow.parquet.write_table(table, labels)
    with pytest.raises(InputError, match="labels.parquet, row 2: no prediction_id"):
        read_labels(labels, CONTRACT, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("bad", ["perhaps", ""])
def test_a_label_names_its_line(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f'prediction_id,label,note\np,true,"two\nlines"\nq,{bad},z\n')
    with pytest.raises(InputError, match="labels.csv, line 4: the label"):
        read_labels(path, CONTRACT, ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))


def test_a_quarantined_row_counts_from_1(tmp_path: Path) -> None:
    text = lines("a,c,y", lambda n: BAD if n == 7 else f"{n},2,{n % 2}", 40)
    found = ingest(project(tmp_path, text), CONTRACT)
    assert found.quarantine_path is not None
    assert pyarrow.parquet.read_table(found.quarantine_path)["row"].to_pylist() == [7]
