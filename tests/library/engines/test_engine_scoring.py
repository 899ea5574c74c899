"""Batch scoring on an engine: the same output as in one process, whatever happens to workers."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from mlops_loop._clock import ManualClock
from mlops_loop._scoring import Scored, score
from mlops_loop._scoring.recording import Recording
from mlops_loop.data._sources import columnar
from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Record, open_prediction_log

from ..scoring.inputs import BINARY, NUMBER, predictor, table
from ..scoring.parts import MIXED

# Rejected rows and warnings in each partition.
ROWS = table(MIXED * 3)
NOW = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "PARTITION_ROWS", 8)


@pytest.fixture(params=["parquet", "folder of parquet", "folder of csv", "csv", "url"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kind = request.param
    folder = tmp_path / "in"
    folder.mkdir()
    files = 3 if kind.startswith("folder") else 1
    for number in range(files):
        part = ROWS.slice(number * len(ROWS) // files, len(ROWS) // files)
        if "csv" in kind:
            pyarrow.csv.write_csv(part, folder / f"{number}.csv")
            with (folder / f"{number}.csv").open("a") as file:
                file.write("k,too,short\n")
        else:
            pyarrow.parquet.write_table(part, folder / f"{number}.parquet", row_group_size=4)
    if kind == "url":
        return f"local://{folder}"
    return str(folder if files > 1 else next(folder.iterdir()))


def tables(scored: Scored) -> tuple[pa.Table, pa.Table]:
    read = pyarrow.parquet.read_table
    assert scored.quarantine_path is not None
    return read(scored.output), read(scored.quarantine_path)


def test_output_and_quarantine_are_those_of_one_process(
    source: str, dask: str, tmp_path: Path
) -> None:
    (tmp_path / "local").mkdir()
    done: list[int] = []
    here = score(source, tmp_path / "local/out.parquet", predictor(), batch_rows=3)
    there = score(
        source,
        tmp_path / "out.parquet",
        predictor(),
        batch_rows=3,
        engine=dask,
        progress=done.append,
    )
    for one, other in zip(tables(here), tables(there), strict=True):
        assert one.num_rows > 10 and one.equals(other)
    assert (there.rows, there.predicted) == (here.rows, here.predicted)
    assert [*there.warnings.items()] == [*here.warnings.items()] != []
    assert done == sorted(done) and done[-1] == here.rows
    assert not [*tmp_path.glob("*.parts")]


def test_csv_out_and_a_regression(dask: str, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(ROWS, tmp_path / "in.parquet", row_group_size=4)
    for engine in ("local", dask):
        target = tmp_path / f"{engine[:4]}.csv"
        score(tmp_path / "in.parquet", target, predictor(NUMBER), engine=engine)
    for name in ("{}.csv", "{}.quarantine.csv"):
        here, there = (tmp_path / name.format(engine) for engine in ("loca", "dask"))
        assert here.read_bytes() == there.read_bytes()


def test_all_rows_good_and_no_rows_at_all(dask: str, tmp_path: Path) -> None:
    for rows in (ROWS.slice(0, 3), ROWS.slice(0, 0)):
        pyarrow.parquet.write_table(rows, tmp_path / "in.parquet", row_group_size=1)
        scored = score(tmp_path / "in.parquet", tmp_path / "out.parquet", predictor(), engine=dask)
        assert (scored.rows, scored.quarantine_path) == (len(rows), None)
        assert pyarrow.parquet.read_table(scored.output).num_rows == len(rows)


def recorded(folder: Path, engine: str) -> list[Record]:
    with closing(open_prediction_log(f"sqlite:///{engine[:4]}.db", root=folder)) as log:
        scored = score(
            folder / "in.parquet",
            folder / "out.parquet",
            predictor(),
            engine=engine,
            record=Recording(log, BINARY, ManualClock(NOW), "7").append,
        )
        rows = [row.record for row in log.rows(None, None)]
    assert len(rows) == scored.predicted
    return rows


def test_the_prediction_log_gets_the_same_records(dask: str, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(ROWS, tmp_path / "in.parquet", row_group_size=4)
    here, there = recorded(tmp_path, "local"), recorded(tmp_path, dask)
    assert here == there


def test_what_was_scored_before_a_failure_is_not_scored_again(dask: str, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(ROWS, tmp_path / "in.parquet", row_group_size=4)
    target = tmp_path / "out.parquet"

    def interrupt(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(tmp_path / "in.parquet", target, predictor(), engine=dask, progress=interrupt)
    assert not target.exists()
    (first,) = tmp_path.glob("out.parquet.parts/job-*/0/predictions.parquet")
    written = first.stat().st_mtime_ns

    def unchanged(rows: int) -> None:
        assert first.stat().st_mtime_ns == written

    resumed = score(tmp_path / "in.parquet", target, predictor(), engine=dask, progress=unchanged)
    assert resumed.resumed >= 8
    here = score(tmp_path / "in.parquet", tmp_path / "here.parquet", predictor())
    assert pyarrow.parquet.read_table(target).equals(pyarrow.parquet.read_table(here.output))


def test_parts_of_another_model_are_not_taken_up(dask: str, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(ROWS, tmp_path / "in.parquet", row_group_size=4)

    def interrupt(rows: int) -> None:
        raise KeyboardInterrupt

    arguments = tmp_path / "in.parquet", tmp_path / "out.parquet"
    with pytest.raises(KeyboardInterrupt):
        score(*arguments, predictor(), engine=dask, progress=interrupt)
    scored = score(*arguments, predictor(version="8"), engine=dask)
    versions = pyarrow.parquet.read_table(scored.output)["model_version"].to_pylist()
    assert scored.resumed == 0 and set(versions) == {"8"}


def test_a_failure_on_a_worker_is_raised_and_leaves_nothing(dask: str, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(ROWS, tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    target.write_bytes(b"old")
    with pytest.raises(StoreError, match="^too many rows at once"):
        score(tmp_path / "in.parquet", target, predictor(most=1), engine=dask)
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]
