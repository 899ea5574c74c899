"""Many wait for one writer, each with an answer of its own."""

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, LabelReport
from mlops_loop.prediction_log.sqlite import SqlitePredictionLog
from mlops_loop.prediction_log.sqlite_file import SqliteFile
from mlops_loop.prediction_log.sqlite_writer import SqliteWriteBackend
from mlops_loop.prediction_log.writer import GroupCommitWriter

from ..records import label, plain


def test_too_much_waiting_is_refused_and_nothing_taken_is_lost(path: Path) -> None:
    with (
        closing(SqlitePredictionLog(path, capacity=10)) as log,
        closing(SqliteFile(path).connect()) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        # The first may be on its way into the file by now, the others wait behind it.
        futures = [log.append([plain(f"p{n}")]) for n in range(30)]
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
        report = pool.submit(log.add_labels, [label("a")])
        # Long enough to have read something stale, had it not waited.
        time.sleep(0.1)
        other.execute("COMMIT")
        assert report.result() == LabelReport(repeated=1)


def test_a_batch_larger_than_the_queue_is_still_taken(path: Path) -> None:
    with closing(SqlitePredictionLog(path, capacity=10)) as log:
        log.append([plain(f"p{n}") for n in range(50)]).result()
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

    with closing(GroupCommitWriter(SqliteWriteBackend(SqliteFile(path)))) as writer:
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
        kept = [log.append([plain(name)]) for name in "abab"]
        # More rows than one statement takes.
        kept.append(log.append([plain(f"many-{number}") for number in range(200)]))
        kept.append(log.append([plain("c"), plain("a")]))
        other.execute("COMMIT")
    for each in kept:
        each.result()
    known = [label("a"), label("z")]
    assert log.add_labels(known) == LabelReport(joined=1, early=1)
    log.append([plain("z")]).result()
    assert log.totals() == Counts(204, 2)
