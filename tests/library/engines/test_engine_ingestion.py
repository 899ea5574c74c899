"""Ingestion on an engine: snapshot, quarantine and numbers are those of one process."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from structlog.testing import capture_logs

from mlops_loop._file_lock import file_lock
from mlops_loop._settings import Csv, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data import _partitioned_ingestion
from mlops_loop.data._ingestion import Ingested, ingest
from mlops_loop.data._sources import columnar
from mlops_loop.errors import ContractError, EngineError, SourceError

from ..places import FLIGHTS
from ..sizes_contract import CONTRACT

COUNT = 60
UNTIL = datetime(2026, 1, 20, tzinfo=UTC)


def rows() -> pa.Table:
    """Rows in no order of time: bad ones, strange ones, and several of one id."""
    numbers = range(COUNT)
    return pa.table(
        {
            "key": [f"k{number % 50}" for number in numbers],
            "at": [f"2026-01-{number * 7 % 28 + 1:02}T10:00:00+00:00" for number in numbers],
            "size": [str(number) if number % 11 else "large" for number in numbers],
            "colour": ["blue" if number % 13 == 5 else "red" for number in numbers],
            "y": [str(number % 3 == 0).lower() for number in numbers],
        }
    )


@pytest.fixture(params=["folder of parquet", "folder of csv"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(3):
        part = rows().slice(number * COUNT // 3, COUNT // 3)
        if number == 2:
            part = part.append_column("note", pa.repeat("a note", len(part)))
        if "csv" in request.param:
            pyarrow.csv.write_csv(part, folder / f"{number}.csv")
            with (folder / f"{number}.csv").open("a") as file:
                file.write("too,short\n")
        else:
            pyarrow.parquet.write_table(part, folder / f"{number}.parquet", row_group_size=4)
    shutil.copytree(FLIGHTS / "config", tmp_path / "config")
    ingestion = {"max_bad_share": 0.5}
    return load_settings(tmp_path, source="in", csv=Csv(), ingestion=ingestion)


@pytest.fixture(autouse=True)
def small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "PARTITION_ROWS", 8)


def on(engine: str, settings: Settings) -> Settings:
    return settings.model_copy(update={"engine": engine})


def facts(ingested: Ingested) -> tuple[object, ...]:
    """All that is known of an ingestion, and the rejected rows."""
    assert ingested.quarantine_path is not None
    quarantine = pyarrow.parquet.read_table(ingested.quarantine_path)
    return ingested, [*ingested.warnings.items()], quarantine.to_pylist()


@pytest.mark.parametrize("until", [None, UNTIL])
def test_everything_is_as_in_one_process(
    settings: Settings, dask: str, until: datetime | None
) -> None:
    here = facts(ingest(settings, CONTRACT, until=until))
    there = facts(ingest(on(dask, settings), CONTRACT, until=until))
    assert here == there
    ingested = here[0]
    assert isinstance(ingested, Ingested) and len(ingested.warnings) == 2
    assert ingested.quarantined > 4 and ingested.duplicates > 2
    assert not settings.paths.ingestion.exists()


@pytest.mark.real
def test_spark_ingests_as_one_process(settings: Settings, spark: str) -> None:
    here = facts(ingest(settings, CONTRACT))
    there = facts(ingest(on(spark, settings), CONTRACT))
    assert here == there


def test_too_many_bad_rows_and_a_missing_column_are_errors_as_in_one_process(
    settings: Settings, dask: str
) -> None:
    strict = settings.model_copy(
        update={"ingestion": settings.ingestion.model_copy(update={"max_bad_share": 0.01})}
    )
    other = parse_contract(
        "{problem: regression, label_horizon: 1d, columns: {z: {type: number, role: target}}}"
    )
    for changed, contract, error in (
        (strict, CONTRACT, ContractError),
        (settings, other, SourceError),
    ):
        with pytest.raises(error) as here:
            ingest(changed, contract)
        with pytest.raises(error) as there:
            ingest(on(dask, changed), contract)
        assert str(here.value) == str(there.value)
    assert not settings.paths.ingestion.exists() and not settings.paths.snapshots.exists()


def test_what_was_checked_before_the_engine_stopped_is_not_checked_again(
    settings: Settings, dask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path) -> None:
        raise EngineError("the scheduler is gone")

    with monkeypatch.context() as patch:
        patch.setattr(_partitioned_ingestion, "arrow_tables", stop)
        with pytest.raises(EngineError):
            ingest(on(dask, settings), CONTRACT)
    (first,) = settings.paths.ingestion.glob("0/job-*/0/numbers.json")
    written = first.stat().st_mtime_ns
    seen: list[int] = []
    read = _partitioned_ingestion.arrow_tables

    def tables(path: Path) -> object:
        seen.append(first.stat().st_mtime_ns)
        return read(path)

    monkeypatch.setattr(_partitioned_ingestion, "arrow_tables", tables)
    there = ingest(on(dask, settings), CONTRACT)
    assert set(seen) == {written}
    assert facts(there) == facts(ingest(settings, CONTRACT))


def test_another_ingestion_is_waited_for(settings: Settings, dask: str) -> None:
    with ThreadPoolExecutor(1) as pool, capture_logs() as said:
        with file_lock(settings.paths.ingestion_lock):
            waiting = pool.submit(ingest, on(dask, settings), CONTRACT)
            while not said and not waiting.done():
                time.sleep(0.05)
            assert not waiting.done() and "waiting for another" in said[0]["event"]
        assert facts(waiting.result(60)) == facts(ingest(settings, CONTRACT))
