"""Where the file is, what is on the disk, and what to do where it cannot be used."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mlops_loop.errors import SettingsError, StoreError
from mlops_loop.prediction_log import Counts, open_prediction_log
from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.sqlite import SqliteDatabase

from ..records import plain
from .files import filled


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
    with SqliteDatabase(path).open() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_file_that_is_no_database_is_named_with_the_next_step(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(
        StoreError, match="predictions.db.*restore it from a backup; without one, move"
    ):
        SqlPredictionLog(SqliteDatabase(path))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(
        StoreError, match="prediction log .*predictions.db.*folder exists and is writable"
    ):
        SqlPredictionLog(SqliteDatabase(tmp_path / "var" / "predictions.db"))


def test_a_reader_cannot_write(path: Path) -> None:
    database = SqliteDatabase(filled(path, 2).resolve())
    with pytest.raises(StoreError, match="make the file and its folder writable"):
        with database.reading() as connection:
            database.insert(connection, [])


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
    log: SqlPredictionLog,
) -> None:
    log.append([plain("a")]).result()
    with full_disk():
        # Nothing is no answer to whether something would be taken, unless it is written.
        for records in ([plain("b")], [plain("c")], []):
            with pytest.raises(StoreError, match="free space"):
                log.append(records).result()
    log.append([plain("d")]).result()
    assert [row.record.prediction_id for row in log.rows(None, None)] == ["a", "d"]


def test_the_log_goes_on_when_a_broken_file_was_moved_aside(
    log: SqlPredictionLog, path: Path
) -> None:
    log.append([plain(f"p{n}") for n in range(500)]).result()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 200_000)
    with pytest.raises(StoreError, match="aside"):
        log.append([plain("a")]).result()
    for file in path.parent.iterdir():
        file.rename(file.with_name(f"broken-{file.name}"))
    log.append([plain("a")]).result()
    assert log.totals() == Counts(1, 0)


def test_erased_bytes_are_no_longer_in_the_file(log: SqlPredictionLog, path: Path) -> None:
    log.append([plain("a", entity_key="a-very-personal-key"), plain("b")]).result()
    files = [path, path.with_name(path.name + "-wal")]
    assert any(b"a-very-personal-key" in file.read_bytes() for file in files)
    assert log.erase("a-very-personal-key") == 1
    assert not any(b"a-very-personal-key" in file.read_bytes() for file in files)
