"""What the SQLite log promises beyond every store: its file, its cost, its errors."""

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.errors import SettingsError, StoreError
from {{ cookiecutter.package_name }}.prediction_log import (
    Counts,
    Label,
    LabelReport,
    Output,
    Record,
    open_prediction_log,
)
from {{ cookiecutter.package_name }}.prediction_log import sqlite_queries as queries
from {{ cookiecutter.package_name }}.prediction_log.instants import to_microseconds
from {{ cookiecutter.package_name }}.prediction_log.sampling import (
    sampling_key,
    stratum,
)
from {{ cookiecutter.package_name }}.prediction_log.sqlite import SqlitePredictionLog
from {{ cookiecutter.package_name }}.prediction_log.sqlite_file import SqliteFile, touch
from {{ cookiecutter.package_name }}.prediction_log.sqlite_schema import MIGRATIONS, migrate
from {{ cookiecutter.package_name }}.prediction_log.sqlite_writer import SqliteTarget
from {{ cookiecutter.package_name }}.prediction_log.writer import GroupWriter

START = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

Window = tuple[int, int]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "predictions.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqlitePredictionLog]:
    with closing(SqlitePredictionLog(path)) as log:
        yield log


def record(name: str, at: datetime = START, entity_key: str | None = None) -> Record:
    return Record(name, entity_key, at, at, {}, ())


def answered_by(name: str, version: str, at: datetime) -> Record:
    return Record(name, None, at, at, {}, (Output(version, "champion", True, 1),))


def filled(path: Path, count: int) -> Path:
    """A log with so many predictions in the same two days, every second one labelled."""
    with closing(SqlitePredictionLog(path)) as log:
        step = 2 * DAY / count
        log.append([record(f"p{n}", START + n * step) for n in range(count)]).result()
        log.add_labels([Label(f"p{n}", True, START) for n in range(0, count, 2)])
    return path


def steps(path: Path, query: Callable[[sqlite3.Connection], object]) -> int:
    """How many instructions SQLite runs for a query: its cost, whatever the machine is doing."""
    ran = 0

    def tick() -> int:
        nonlocal ran
        ran += 1
        return 0

    with SqliteFile(path).reading() as connection:
        connection.set_progress_handler(tick, 1)
        query(connection)
    return ran


def test_a_relative_path_starts_at_the_project(tmp_path: Path) -> None:
    open_prediction_log("sqlite:///var/a.db", root=tmp_path).close()
    open_prediction_log(f"sqlite:///{tmp_path / 'elsewhere' / 'b.db'}", root=tmp_path / "x").close()
    assert (tmp_path / "var" / "a.db").exists()
    assert (tmp_path / "elsewhere" / "b.db").exists()


@pytest.mark.parametrize("address", ["sqlite://var/a.db", "sqlite:///"])
def test_an_address_without_a_file_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="names no file"):
        open_prediction_log(address, root=tmp_path)


def test_a_commit_is_on_the_disk(path: Path) -> None:
    with closing(SqliteFile(path).connect()) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("labelled", [False, True])
def test_the_cost_of_a_sample_and_a_count_does_not_grow_with_the_log(
    tmp_path: Path, labelled: bool
) -> None:
    small, large = filled(tmp_path / "s.db", 2_000), filled(tmp_path / "l.db", 20_000)
    wide = (START - DAY, START + 3 * DAY)
    narrow = (START + timedelta(hours=3, seconds=7), START + timedelta(hours=20, seconds=11))
    for since, until in (wide, narrow):
        window = to_microseconds(since), to_microseconds(until)

        def sample(connection: sqlite3.Connection, window: Window = window) -> None:
            assert len(queries.sample(connection, *window, 100, labelled=labelled)) == 100

        assert steps(large, sample) < 1.5 * steps(small, sample)

        def count(connection: sqlite3.Connection, window: Window = window) -> None:
            queries.count(connection, *window)

        # One step more for each minute that had no prediction in the small log.
        assert steps(large, count) < steps(small, count) + 10 * 24 * 60


def test_no_question_reads_rows_it_has_no_use_for(log: SqlitePredictionLog, path: Path) -> None:
    asked: list[str] = []
    log.append([answered_by("b", "1", START + DAY)]).result()
    with SqliteFile(path).reading() as connection:
        connection.set_trace_callback(asked.append)
        window = to_microseconds(START) + 1, to_microseconds(START + 3 * DAY) - 1
        for labelled in (False, True):
            queries.sample(connection, *window, 5, labelled=labelled)
            queries.page(connection, queries.Place(window[0]), window[1], 5, labelled=labelled)
        for version in (None, "1"):
            queries.count(connection, *window, version)
            queries.sample(connection, *window, 5, labelled=False, version=version)
        for start, stop, groups in queries.answered(connection, *window, "1"):
            place = queries.Place(start)
            queries.page(connection, place, stop, 5, labelled=False, groups=groups)
        queries.get(connection, "a")
        connection.set_trace_callback(None)
        explained = [connection.execute(f"EXPLAIN QUERY PLAN {query}") for query in asked]
        plans = [row[3] for plan in explained for row in plan]
    assert len(plans) > 80
    scans = [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan]
    assert scans == []
    by_stratum = [plan for plan in plans if "by_stratum" in plan]
    assert all("COVERING INDEX" in plan for plan in by_stratum)
    assert not any("TEMP B-TREE" in plan for plan in plans)


def test_the_cost_of_a_version_does_not_grow_with_what_others_answered(tmp_path: Path) -> None:
    def of_a_version(path: Path, others: int) -> Path:
        with closing(SqlitePredictionLog(path)) as log:
            rows = [(f"o{n}", "1", START + n * 5 * DAY / others) for n in range(others)]
            rows += [(f"p{n}", "2", START + 5 * DAY + n * DAY / 900) for n in range(900)]
            log.append([answered_by(*row) for row in rows]).result()
        return path

    small, large = of_a_version(tmp_path / "s.db", 500), of_a_version(tmp_path / "l.db", 20_000)
    window = to_microseconds(START - DAY), to_microseconds(START + 9 * DAY + timedelta(seconds=1))

    def sample(connection: sqlite3.Connection) -> None:
        found = queries.sample(connection, *window, 100, labelled=False, version="2")
        assert len(found) == 100

    def count(connection: sqlite3.Connection) -> None:
        assert queries.count(connection, *window, "2") == Counts(900, 0)

    def first(connection: sqlite3.Connection) -> None:
        ((start, stop, groups),) = queries.answered(connection, *window, "2")
        place = queries.Place(start - 1)
        rows, _ = queries.page(connection, place, stop, 50, labelled=False, groups=groups)
        assert len(rows) == 50

    # Where the version began, and where the window ends, the minutes of a day are gone through.
    minutes = 3 * 24 * 60
    for ask in (sample, count, first):
        assert steps(large, ask) < 1.5 * steps(small, ask) + minutes


def outputs_of(*versions: str) -> str:
    """As they are kept, whatever the answers hold."""
    each = '{"version":"%s","variant":"champion","served":true,"prediction":"\\u0000\\"version"}'
    return f"[{','.join(each % version for version in versions)}]"


def older(path: Path, schemas: int) -> None:
    """A file as an older project made it: two predictions and a label."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:schemas])
        for name, outputs in (
            ("a", outputs_of("3")),
            ("b", outputs_of("4", "3")),
            ("c", "[]"),
        ):
            key = sampling_key(name)
            connection.execute(
                "INSERT INTO predictions (prediction_id, event_time, arrival_time, columns,"
                " outputs, sampling_key, stratum, labelled) VALUES (?, ?, 0, '{}', ?, ?, ?, ?)",
                (name, to_microseconds(START), outputs, key, stratum(key), name == "a"),
            )


def test_a_file_from_before_versions_were_told_apart_is_brought_up_to_date(path: Path) -> None:
    older(path, 1)
    with closing(SqlitePredictionLog(path)) as log:
        assert log.totals() == log.count(None, None) == Counts(3, 1)
        assert log.count(None, None, version="3") == Counts(2, 1)
        assert log.count(None, None, version="4") == Counts(1, 0)
        assert {row.record.prediction_id for row in log.sample(None, None, 9, version="3")} == {
            *("a", "b")
        }
        # New rows of the same versions join them.
        log.append([answered_by("d", "3", START)]).result()
        log.add_labels([Label("d", True, START)])
        assert log.count(None, None, version="3") == Counts(3, 2)
        assert log.prune(START + DAY) == 4
    with SqliteFile(path).reading() as connection:
        assert connection.execute("SELECT * FROM counters").fetchall() == []


def test_an_older_file_is_brought_up_to_date(path: Path) -> None:
    filled(path, 10)
    newer = [*MIGRATIONS, ["ALTER TABLE predictions ADD COLUMN note TEXT DEFAULT 'none'"]]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, newer)
        migrate(connection, newer)
        notes = connection.execute("SELECT note FROM predictions").fetchall()
        assert notes == [("none",)] * 10
    with pytest.raises(StoreError, match="schema is number 3 .* update the project"):
        SqlitePredictionLog(path)


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    filled(path, 10)
    broken = [*MIGRATIONS, ["DROP TABLE labels", "ALTER TABLE nothing ADD COLUMN x"]]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, broken)
    with closing(SqlitePredictionLog(path)) as log:
        assert log.totals() == Counts(10, 5)


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE experiments (name TEXT)")
    with pytest.raises(StoreError, match="another program"):
        SqlitePredictionLog(path)


def test_a_file_that_is_no_database_is_named_with_the_next_step(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match="predictions.db.*move it aside"):
        SqlitePredictionLog(path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(
        StoreError, match="prediction log .*predictions.db.*folder exists and is writable"
    ):
        SqlitePredictionLog(tmp_path / "var" / "predictions.db")


@contextmanager
def full_disk() -> Iterator[None]:
    """As on a disk without space, no file of this process takes anything more."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit that a full disk could be had by")
def test_a_full_disk_refuses_until_there_is_space_and_loses_nothing(
    log: SqlitePredictionLog,
) -> None:
    log.append([record("a")]).result()
    with full_disk():
        # Nothing is no answer to whether something would be taken, unless it is written.
        for records in ([record("b")], [record("c")], []):
            with pytest.raises(StoreError, match="free space"):
                log.append(records).result()
    log.append([record("d")]).result()
    assert [row.record.prediction_id for row in log.rows(None, None)] == ["a", "d"]


def test_a_log_that_may_not_be_written_to_says_what_to_change(path: Path) -> None:
    filled(path, 2)
    with pytest.raises(StoreError, match="make the file and its folder writable"):
        with SqliteFile(path).reading() as connection:
            touch(connection)


def test_too_much_waiting_is_refused_and_nothing_taken_is_lost(path: Path) -> None:
    with (
        closing(SqlitePredictionLog(path, capacity=10)) as log,
        closing(SqliteFile(path).connect()) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        # The first may be on its way into the file by now, the others wait behind it.
        futures = [log.append([record(f"p{n}")]) for n in range(30)]
        refused = [future for future in futures if future.done()]
        assert 19 <= len(refused) <= 20
        with pytest.raises(StoreError, match="wait to be written: slow down"):
            refused[0].result()
        other.execute("COMMIT")
        for future in futures:
            future.exception()
        assert log.totals() == Counts(30 - len(refused), 0)


def test_a_writer_waits_for_another_process_and_then_sees_its_rows(
    log: SqlitePredictionLog, path: Path
) -> None:
    with closing(SqliteFile(path).connect()) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO labels VALUES ('a', 'true', 0)")
        report = pool.submit(log.add_labels, [Label("a", True, START)])
        # Long enough to have read something stale, had it not waited.
        time.sleep(0.1)
        other.execute("COMMIT")
        assert report.result() == LabelReport(repeated=1)


def test_a_batch_larger_than_the_queue_is_still_taken(path: Path) -> None:
    with closing(SqlitePredictionLog(path, capacity=10)) as log:
        log.append([record(f"p{n}") for n in range(50)]).result()
        assert log.totals() == Counts(50, 0)


def raise_key_error(_: sqlite3.Connection) -> None:
    raise KeyError("bad")


def add_nothing(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO labels VALUES (?, NULL, NULL)", ("a",))


@pytest.mark.parametrize(("bad", "said"), [(raise_key_error, KeyError), (add_nothing, StoreError)])
def test_a_bad_job_fails_alone(
    path: Path, bad: Callable[[sqlite3.Connection], None], said: type[Exception]
) -> None:
    def add(name: str) -> Callable[[sqlite3.Connection], None]:
        insert = "INSERT INTO labels VALUES (?, 'true', 0)"
        return lambda connection: connection.execute(insert, (name,)).close()

    with closing(GroupWriter(SqliteTarget(SqliteFile(path)))) as writer:
        with closing(SqliteFile(path).connect()) as other:
            other.execute("BEGIN IMMEDIATE")
            futures = [writer.submit(job) for job in (add("a"), add("b"), bad, add("c"))]
            other.execute("COMMIT")
        outcomes = [type(future.exception()) for future in futures]
    assert outcomes == [type(None), type(None), said, type(None)]
    with SqliteFile(path).reading() as connection:
        kept = connection.execute("SELECT prediction_id FROM labels").fetchall()
    assert kept == [("a",), ("b",), ("c",)]


def test_what_gathers_is_kept_in_its_order_and_once(log: SqlitePredictionLog, path: Path) -> None:
    with closing(SqliteFile(path).connect()) as other:
        other.execute("BEGIN IMMEDIATE")
        kept = [log.append([record(name)]) for name in "abab"]
        # More rows than one statement takes.
        kept.append(log.append([record(f"many-{number}") for number in range(200)]))
        kept.append(log.append([record("c"), record("a")]))
        other.execute("COMMIT")
    for each in kept:
        each.result()
    known = [Label("a", True, START), Label("z", True, START)]
    assert log.add_labels(known) == LabelReport(joined=1, early=1)
    log.append([record("z")]).result()
    assert log.totals() == Counts(204, 2)


def test_the_log_goes_on_when_a_broken_file_was_moved_aside(
    log: SqlitePredictionLog, path: Path
) -> None:
    log.append([record(f"p{n}") for n in range(500)]).result()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 200_000)
    with pytest.raises(StoreError, match="aside"):
        log.append([record("a")]).result()
    for file in path.parent.iterdir():
        file.rename(file.with_name(f"broken-{file.name}"))
    log.append([record("a")]).result()
    assert log.totals() == Counts(1, 0)


def test_erased_bytes_are_no_longer_in_the_file(log: SqlitePredictionLog, path: Path) -> None:
    log.append([record("a", entity_key="a-very-personal-key"), record("b")]).result()
    files = [path, path.with_name(path.name + "-wal")]
    assert any(b"a-very-personal-key" in file.read_bytes() for file in files)
    assert log.erase("a-very-personal-key") == 1
    assert not any(b"a-very-personal-key" in file.read_bytes() for file in files)
