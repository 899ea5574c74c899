"""Folders that are columns: those that the user has named, on an engine as in one process."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from mlops_loop._profiling.table_opening import open_table
from mlops_loop._scoring import score
from mlops_loop._settings import Csv
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._ingestion import ingest

from ..places import FLIGHTS
from ..scoring.inputs import COLUMNS, predictor, table

NO_ID = parse_contract(
    "problem: binary"
    + COLUMNS.replace("key: {type: text, role: id}", "key: {type: text}")
    + "  y: {type: boolean, role: target}"
)

SUFFIXES = pytest.mark.parametrize("suffix", ["csv", "parquet"])
# Where a user stands, what they give, and whether `level=9` is part of it.
ADDRESSES = pytest.mark.parametrize(
    ("folder", "address", "is_named"),
    [
        ("level=9", "in", False),
        ("level=9", "in/*", False),
        ("level=9/deeper", "../in", False),
        (".", "level=9/in", True),
        ("level=9/deeper", "../../level=9/in", True),
        ("level=9", "{absolute}", True),
    ],
)


def fill(tmp_path: Path, suffix: str) -> None:
    """Two files below `level=9`, of which one has a column `level` itself."""
    rows = table([0.2, 0.9, 0.6])
    rows = rows.append_column("y", pa.array(["true", "false", "true"]))
    rows = rows.append_column("row", pa.array([1, 2, 3]))
    inside = tmp_path / "level=9" / "in"
    inside.mkdir(parents=True)
    (tmp_path / "level=9" / "deeper").mkdir()
    for number, part in enumerate((rows, rows.drop_columns(["level"]))):
        path = inside / f"{number}.{suffix}"
        if suffix == "csv":
            pyarrow.csv.write_csv(part, path)
        else:
            pyarrow.parquet.write_table(part, path)


def given(address: str, tmp_path: Path) -> str:
    return address.format(absolute=tmp_path / "level=9" / "in")


@SUFFIXES
@ADDRESSES
def test_score_reads_the_folders_that_were_named(
    tmp_path: Path,
    dask: str,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
    folder: str,
    address: str,
    is_named: bool,
) -> None:
    fill(tmp_path, suffix)
    monkeypatch.chdir(tmp_path / folder)
    for engine in ("local", dask):
        output = tmp_path / "out.parquet"
        scored = score(given(address, tmp_path), output, predictor(), engine=engine)
        assert scored.warnings == ({"level is above 5": 3} if is_named else {})
        warned = pyarrow.parquet.read_table(output)["warnings"].to_pylist()
        assert warned == [0, 0, 0, *[int(is_named)] * 3]


@SUFFIXES
@ADDRESSES
def test_ingest_reads_the_folders_that_were_named(
    tmp_path: Path, dask: str, suffix: str, folder: str, address: str, is_named: bool
) -> None:
    fill(tmp_path, suffix)
    root = tmp_path / folder
    shutil.copytree(FLIGHTS / "config", root / "config")
    for engine in ("local", dask):
        settings = load_settings(root, source=given(address, tmp_path), csv=Csv(), engine=engine)
        ingested = ingest(settings, NO_ID)
        levels = ingested.snapshot.table()["level"].to_pylist()
        assert sorted(levels, key=str) == sorted([0, 1, 2, *[9 if is_named else None] * 3], key=str)


@pytest.mark.parametrize(
    ("folder", "address"),
    [
        (".", "level=9/in"),
        ("level=9", "in"),
        ("level=9", "{absolute}"),
        ("level=9/deeper", "../in"),
    ],
)
def test_adopt_finds_the_columns_that_ingest_will_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, address: str
) -> None:
    """The address that it writes is relative to the project if the files are in it."""
    fill(tmp_path, "csv")
    (tmp_path / "level=9" / "in" / "0.csv").unlink()
    monkeypatch.chdir(tmp_path / folder)
    inside, below, outside = tmp_path, tmp_path / "level=9", tmp_path / "other"
    for root, is_column in ((inside, True), (below, False), (outside, True)):
        read = open_table(given(address, tmp_path), root)
        assert ("level=9" in read.address) == ("level" in read.names) == is_column
