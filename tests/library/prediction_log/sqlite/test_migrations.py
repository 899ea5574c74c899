"""Older files become newer ones, or stay as they were."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts
from mlops_loop.prediction_log.sampling import sampling_key, stratum
from mlops_loop.prediction_log.sqlite import SqlitePredictionLog
from mlops_loop.prediction_log.sqlite_file import SqliteFile
from mlops_loop.prediction_log.sqlite_schema import MIGRATIONS, migrate
from mlops_loop.prediction_log.timestamps import to_microseconds

from ..records import DAY, NOON, answered_by, label
from .files import filled


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
                (name, to_microseconds(NOON), outputs, key, stratum(key), name == "a"),
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
        log.append([answered_by("d", NOON, "3")]).result()
        log.add_labels([label("d")])
        assert log.count(None, None, version="3") == Counts(3, 2)
        assert log.prune(NOON + DAY) == 4
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
    with pytest.raises(StoreError, match=f"schema is number {len(newer)} .* update the project"):
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
