"""Many wait for one writer, each with an answer of its own."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, LabelReport
from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.sqlite import SqliteDatabase
from mlops_loop.prediction_log._sql.writer import SqlWriteBackend
from mlops_loop.prediction_log._sqlite_file import connect_file
from mlops_loop.prediction_log._writer import GroupCommitWriter

from ..records import label, plain


def test_too_much_waiting_is_refused_and_nothing_taken_is_lost(path: Path) -> None:
    with (
        closing(SqlPredictionLog(SqliteDatabase(path), capacity=10)) as log,
        closing(connect_file(path)) as other,
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
    log: SqlPredictionLog, path: Path
) -> None:
    with closing(connect_file(path)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        other.execute(
            "INSERT INTO labels (prediction_id, label, time, authority, official, replaced)"
            " VALUES ('a', 'true', 0, '', 0, '')"
        )
        report = pool.submit(log.add_labels, [label("a")])
        # Long enough to have read something stale, had it not waited.
        time.sleep(0.1)
        other.execute("COMMIT")
        assert report.result() == LabelReport(repeated=1)


def test_a_batch_larger_than_the_queue_is_still_taken(path: Path) -> None:
    with closing(SqlPredictionLog(SqliteDatabase(path), capacity=10)) as log:
        log.append([plain(f"p{n}") for n in range(50)]).result()
        assert log.totals() == Counts(50, 0)


def raise_key_error(_: Connection) -> None:
    raise KeyError("bad")


def insert_label(name: str, value: str | None, connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO labels (prediction_id, label, time, authority, official, replaced)"
            " VALUES (:id, :label, 0, '', 0, '')"
        ),
        {"id": name, "label": value},
    )


@pytest.mark.parametrize(
    ("bad", "error"), [(raise_key_error, KeyError), (partial(insert_label, "a", None), StoreError)]
)
def test_a_bad_job_fails_alone(
    path: Path, bad: Callable[[Connection], None], error: type[Exception]
) -> None:
    def add(name: str) -> Callable[[Connection], None]:
        return partial(insert_label, name, "true")

    database = SqliteDatabase(path)
    with closing(GroupCommitWriter(SqlWriteBackend(database))) as writer:
        with closing(connect_file(path)) as other:
            other.execute("BEGIN IMMEDIATE")
            futures = [writer.submit(job) for job in (add("a"), add("b"), bad, add("c"))]
            other.execute("COMMIT")
        outcomes = [type(future.exception()) for future in futures]
    assert outcomes == [type(None), type(None), error, type(None)]
    with database.reading() as connection:
        stored = connection.exec_driver_sql("SELECT prediction_id FROM labels").scalars().all()
    assert stored == ["a", "b", "c"]


def test_what_gathers_is_kept_in_its_order_and_once(log: SqlPredictionLog, path: Path) -> None:
    with closing(connect_file(path)) as other:
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
