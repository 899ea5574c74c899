import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet
import pytest
from msgspec.structs import replace

from mlops_loop._settings import Csv, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.data._ingestion import Ingested, ingest
from mlops_loop.data._snapshot import latest_snapshot
from mlops_loop.errors import ContractError, SnapshotError, SourceError
from mlops_loop.prediction_log import (
    Label,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)

from .places import FLIGHTS
from .sizes_contract import CONTRACT, TEXT

ROOT = FLIGHTS
NO_ID = parse_contract(TEXT.replace("text, role: id", "text"))
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return load_settings(tmp_path, source="in.csv", csv=Csv())


@pytest.fixture
def log(settings: Settings) -> Iterator[PredictionLog]:
    opened = open_prediction_log(settings.prediction_log, root=settings.root)
    yield opened
    opened.close()


def line(number: int, **values: object) -> str:
    at = (START + timedelta(hours=number)).isoformat()
    row = {
        "key": f"k{number:03}",
        "at": at,
        "size": number % 50,
        "colour": "red",
        "note": "",
        "y": 1,
    }
    return ",".join(str(value) for value in {**row, **values}.values())


def write(settings: Settings, lines: list[str], name: str = "in.csv") -> None:
    text = "\n".join(["key,at,size,colour,note,y", *lines, ""])
    settings.path(name).write_text(text, encoding="utf-8")


def good(count: int = 100) -> list[str]:
    return [line(number) for number in range(count)]


def keys(ingested: Ingested) -> list[str]:
    found: list[str] = ingested.snapshot.table()["key"].to_pylist()
    return found


def test_good_rows_become_the_latest_snapshot(settings: Settings) -> None:
    write(settings, good())
    ingested = ingest(settings, CONTRACT)
    assert (ingested.rows, ingested.quarantined, ingested.quarantine_path) == (100, 0, None)
    assert latest_snapshot(settings.paths.snapshots) == ingested.snapshot
    assert ingested.snapshot.source == "in.csv"
    assert ingested.snapshot.origin.contract == CONTRACT.digest
    columns = ingested.snapshot.columns(CONTRACT)
    assert columns["size"].dtype == "float64" and columns["at"].dtype == "datetime64[us]"


def test_the_same_rows_in_another_order_are_the_same_snapshot(settings: Settings) -> None:
    write(settings, good())
    first = ingest(settings, CONTRACT)
    before = sorted(settings.paths.snapshots.iterdir())
    stamp = first.snapshot.path.stat().st_mtime_ns
    write(settings, good()[::-1])
    assert ingest(settings, CONTRACT) == first
    assert sorted(settings.paths.snapshots.iterdir()) == before
    assert first.snapshot.path.stat().st_mtime_ns == stamp


def test_bad_rows_are_set_aside_as_they_came_with_all_reasons(settings: Settings) -> None:
    bad = [line(100, size="tall"), line(101, colour="blue", y="?"), line(102, at="")]
    write(settings, good() + bad)
    ingested = ingest(settings, CONTRACT)
    assert (ingested.rows, ingested.quarantined) == (100, 3)
    assert ingested.quarantine_path is not None
    rows = pyarrow.parquet.read_table(ingested.quarantine_path).to_pylist()
    assert [row["reasons"] for row in rows] == [
        "size should be a finite number",
        "colour is not one of the known categories; y should be true or false",
        "at is missing",
    ]
    assert rows[0]["size"] == "tall" and rows[0]["row"] == 101 and rows[0]["source"] == "in.csv"
    assert "3 rejected rows in" in ingested.summary()
    assert ingest(settings, CONTRACT) == ingested


def test_a_warning_is_counted_and_the_row_is_used(settings: Settings) -> None:
    write(settings, [*good(), line(100, size=60), line(101, size=-1), line(102, size=-2)])
    ingested = ingest(settings, CONTRACT)
    assert ingested.rows == 103
    assert ingested.warnings == {"size is below 0": 2, "size is above 50": 1}
    assert "warning: size is below 0 (2)" in ingested.summary()
    assert latest_snapshot(settings.paths.snapshots).origin.warnings == ingested.warnings


def test_too_many_bad_rows_leave_the_last_snapshot_in_force(settings: Settings) -> None:
    write(settings, good())
    first = ingest(settings, CONTRACT)
    everything = sorted(settings.path("var").rglob("*"))
    write(settings, good() + [line(100 + n, colour="blue", at="x") for n in range(10)])
    with pytest.raises(ContractError, match=r"10 of 110 rows .*colour is not one .*\(10\).*5%"):
        ingest(settings, CONTRACT)
    assert sorted(settings.path("var").rglob("*")) == everything
    assert latest_snapshot(settings.paths.snapshots) == first.snapshot


def test_rows_from_the_cut_off_on_are_left_out(settings: Settings) -> None:
    write(settings, good())
    ingested = ingest(settings, CONTRACT, until=START + timedelta(hours=10))
    assert keys(ingested) == [f"k{number:03}" for number in range(10)]
    assert ingested.snapshot.until == START + timedelta(hours=10)
    with pytest.raises(SourceError, match="in.csv has no rows before 2026-01-01"):
        ingest(settings, CONTRACT, until=START)


def test_another_source_may_be_named(settings: Settings) -> None:
    write(settings, good(20), "other.csv")
    assert ingest(settings, CONTRACT, source="other.csv").snapshot.source == "other.csv"


def test_a_nullable_column_may_be_missing_in_a_file_and_a_warning_says_so(
    settings: Settings,
) -> None:
    folder = settings.path("files")
    folder.mkdir()
    rows = "\n".join(f"k{n},2026-01-01,1,red,true" for n in range(3))
    (folder / "a.csv").write_text(f"key,at,size,colour,y\n{rows}\n", encoding="utf-8")
    row = "k4,2026-01-01,1,red,true,"
    (folder / "b.csv").write_text(f"key,at,size,colour,y,note\n{row}\n", encoding="utf-8")
    ingested = ingest(settings, CONTRACT, source="files")
    assert ingested.warnings == {"files has no column note": 3}
    assert ingested.snapshot.table()["note"].null_count == 4


def test_a_column_that_no_file_has_is_an_error(settings: Settings, log: PredictionLog) -> None:
    rows = "\n".join(f"k{n},2026-01-01,1,red,true,hello" for n in range(3))
    settings.path("in.csv").write_text(f"key,at,size,colour,y,nte\n{rows}\n", encoding="utf-8")
    message = "in.csv has no column note: correct the name in config/contract.yaml, or add"
    with pytest.raises(SourceError, match=message):
        ingest(settings, CONTRACT, log=log)


def test_of_rows_with_one_id_the_last_counts(settings: Settings) -> None:
    write(settings, [*good(30), line(3, size=44)])
    ingested = ingest(settings, CONTRACT)
    assert (ingested.rows, ingested.duplicates) == (30, 1)
    assert ingested.snapshot.table()["size"].to_pylist()[3] == 44


def test_a_bad_row_does_not_displace_the_good_one_of_its_id(settings: Settings) -> None:
    write(settings, [*good(30), line(3, size="tall")])
    ingested = ingest(settings, CONTRACT)
    assert (ingested.rows, ingested.quarantined, ingested.duplicates) == (30, 1, 0)


def test_without_an_id_equal_rows_of_the_source_are_events_of_their_own(
    settings: Settings, log: PredictionLog
) -> None:
    write(settings, [*good(30), line(3, size=44), line(4)])
    log.append([logged(30, 1.5), replace(logged(30, 1.5), prediction_id="again")]).result()
    log.add_labels([Label("p30", True, START), Label("again", True, START)])
    ingested = ingest(settings, NO_ID, log=log)
    assert (ingested.rows, ingested.duplicates) == (33, 1)


def logged(number: int, size: float) -> Record:
    at = START + timedelta(hours=number)
    columns = {"key": f"k{number:03}", "at": at.isoformat(), "size": size, "colour": "green"}
    output = Output(version="1", variant="champion", served=True, prediction=True)
    return Record(f"p{number}", None, at, at, {**columns, "note": None}, (output,))


def test_labelled_predictions_join_and_win_over_the_base(
    settings: Settings, log: PredictionLog
) -> None:
    write(settings, good(30))
    log.append([logged(29, 33.5), logged(200, 2), logged(201, 2), logged(300, 2)]).result()
    log.add_labels([Label(f"p{n}", False, START) for n in (29, 200, 300)])
    ingested = ingest(settings, CONTRACT, log=log, until=START + timedelta(hours=230))
    assert keys(ingested)[-2:] == ["k029", "k200"]
    assert (ingested.rows, ingested.duplicates) == (31, 1)
    last = ingested.snapshot.table().to_pylist()[-2]
    assert (last["size"], last["colour"], last["y"]) == (33.5, "green", False)


def test_a_damaged_snapshot_is_noticed_and_written_anew(settings: Settings) -> None:
    write(settings, good())
    snapshot = ingest(settings, CONTRACT).snapshot
    write(settings, good(50), "other.csv")
    other = ingest(settings, CONTRACT, source="other.csv").snapshot
    shutil.copy(other.path, snapshot.path)
    with pytest.raises(SnapshotError, match="not what was written"):
        snapshot.table()
    assert ingest(settings, CONTRACT).snapshot.table().num_rows == 100
