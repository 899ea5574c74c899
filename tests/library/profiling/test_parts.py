"""`adopt` on an engine: parts of a table give the same files and messages as the whole."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from mlops_loop._profiling import proposal
from mlops_loop.engines._local import LocalEngine

from ..engines.clusters import cluster
from ..projects import cli
from .tables import customers, everything, write


@pytest.fixture(scope="module")
def dask() -> Iterator[str]:
    with cluster(2) as address:
        yield address


@pytest.fixture(params=["one process", pytest.param("dask", marks=pytest.mark.real)])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an engine; one process counts parts as workers do."""
    if request.param == "dask":
        return str(request.getfixturevalue("dask"))
    monkeypatch.setattr(proposal, "open_engine", lambda address: nullcontext(LocalEngine()))
    return "dask://unused:1"


def folder_of(parent: Path, lines: list[str], suffix: str = "csv") -> Path:
    """The rows in four files, of which one has none and one a malformed row."""
    folder = parent / "l'été"
    folder.mkdir()
    head, rows = lines[0], lines[1:]
    parts = [rows[:120], [], [*rows[120:200], "too;few"], rows[200:]]
    for number, part in enumerate(parts):
        write(folder / f"{number}.{suffix}", [head, *part, *part[:1]])
    return folder


def adopted(root: Path, name: str, *arguments: str) -> tuple[str, dict[str, bytes]]:
    """Output and configuration of a copy of the project after `adopt`."""
    copy = root.with_name(name)
    shutil.copytree(root, copy)
    done = CliRunner().invoke(cli, ["--root", str(copy), "adopt", *arguments])
    assert done.exit_code == 0, done.output
    assert not list((copy / "var").glob("adopt-*"))
    lines = [line for line in done.output.splitlines() if "; backup: " not in line]
    return "\n".join(lines), everything(copy / "config")


def test_text_files_with_bad_rows_give_the_same_proposal(
    root: Path, tmp_path: Path, engine: str
) -> None:
    folder = folder_of(tmp_path, customers())
    arguments = [str(folder), "--target", "gekündigt?", "--time", "Datum"]
    made = adopted(root, "there", *arguments, "--engine", engine)
    assert "malformed rows will be rejected: 1" in made[0]
    assert "'auf Anfrage' read as missing" in " ".join(made[0].split())
    assert made == adopted(root, "here", *arguments)


def test_files_of_different_types_and_columns_give_the_same_proposal(
    root: Path, tmp_path: Path, engine: str
) -> None:
    folder = tmp_path / "lines"
    folder.mkdir()
    lines = [
        [f'{{"x": {n}, "y": {n % 2}, "twin": {n}}}' for n in range(80)],
        [f'{{"x": {n}.5, "y": {n % 2}, "more": "{"ab"[n % 2]}"}}' for n in range(80)],
    ]
    for number, part in enumerate(lines):
        write(folder / f"{number}.jsonl", part)
    made = adopted(root, "there", str(folder), "--target", "y", "--engine", engine)
    assert made == adopted(root, "here", str(folder), "--target", "y")


@pytest.mark.parametrize("target", ["y", "x"])
def test_row_groups_of_a_parquet_file_give_the_same_proposal(
    root: Path, tmp_path: Path, engine: str, target: str
) -> None:
    table = pa.table(
        {"x": [n * 0.37 % 11 for n in range(900)], "y": [n % 3 > 0 for n in range(900)]}
    )
    same = table.append_column("same", table["x"])
    pq.write_table(same, tmp_path / "table.parquet", row_group_size=200)
    arguments = [str(tmp_path / "table.parquet"), "--target", target]
    assert adopted(root, "there", *arguments, "--engine", engine) == adopted(
        root, "here", *arguments
    )
