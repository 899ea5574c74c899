"""No question costs more because the log is larger."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from mlops_loop.prediction_log import Counts
from mlops_loop.prediction_log._sql import queries as queries
from mlops_loop.prediction_log._sql.database import driver_of
from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.sqlite import SqliteDatabase
from mlops_loop.prediction_log._timestamps import to_microseconds
from mlops_loop.prediction_log._versions import GroupFilter

from ..records import DAY, NOON, answered_by
from .files import filled

Window = tuple[int, int]


def steps(path: Path, query: Callable[[Connection], object]) -> int:
    """How many instructions SQLite runs for a query: its cost, whatever the machine is doing."""
    ran = 0

    def tick() -> int:
        nonlocal ran
        ran += 1
        return 0

    with SqliteDatabase(path).reading() as connection:
        driver_of(connection).set_progress_handler(tick, 1)
        query(connection)
    return ran


@pytest.mark.parametrize("labelled", [False, True])
def test_the_cost_of_a_sample_and_a_count_does_not_grow_with_the_log(
    tmp_path: Path, labelled: bool
) -> None:
    small, large = filled(tmp_path / "s.db", 2_000), filled(tmp_path / "l.db", 20_000)
    wide = (NOON - DAY, NOON + 3 * DAY)
    narrow = (NOON + timedelta(hours=3, seconds=7), NOON + timedelta(hours=20, seconds=11))
    for since, until in (wide, narrow):
        window = to_microseconds(since), to_microseconds(until)

        def sample(connection: Connection, window: Window = window) -> None:
            assert len(queries.sample(connection, *window, 100, labelled=labelled)) == 100

        assert steps(large, sample) < 1.5 * steps(small, sample)

        def count(connection: Connection, window: Window = window) -> None:
            queries.count(connection, *window)

        # One step more for each minute that had no prediction in the small log.
        assert steps(large, count) < steps(small, count) + 10 * 24 * 60


def test_no_question_reads_rows_it_has_no_use_for(log: SqlPredictionLog, path: Path) -> None:
    asked: list[str] = []
    log.append([answered_by("b", NOON + DAY, "1")]).result()
    with SqliteDatabase(path).reading() as connection:
        driver = driver_of(connection)
        driver.set_trace_callback(asked.append)
        window = to_microseconds(NOON) + 1, to_microseconds(NOON + 3 * DAY) - 1
        for labelled in (False, True):
            queries.sample(connection, *window, 5, labelled=labelled)
            queries.page(connection, queries.Position(window[0]), window[1], 5, labelled=labelled)
        for version in (None, "1"):
            queries.count(connection, *window, GroupFilter(version))
            queries.sample(connection, *window, 5, labelled=False, wanted=GroupFilter(version))
        for start, stop, groups in queries.answered(connection, *window, GroupFilter("1")):
            after = queries.Position(start)
            queries.page(connection, after, stop, 5, labelled=False, groups=groups)
        queries.get(connection, "a")
        driver.set_trace_callback(None)
        explained = [driver.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in asked]
        plans = [row[3] for plan in explained for row in plan]
    assert len(plans) > 40
    assert not [plan for plan in plans if plan.startswith("SCAN")]
    by_time = {plan for plan in plans if "_by_time" in plan}
    assert all("(event_time,prediction_id)>(?,?)" in plan for plan in by_time), by_time
    # What is read page by page is in the order of an index.
    pages = [str(rows) for query, rows in zip(asked, explained) if "prediction_id) >" in query]
    assert pages and not any("TEMP B-TREE" in plan for plan in pages)


def test_the_cost_of_a_version_does_not_grow_with_what_others_answered(tmp_path: Path) -> None:
    def of_a_version(path: Path, others: int) -> Path:
        with closing(SqlPredictionLog(SqliteDatabase(path))) as log:
            rows = [(f"o{n}", NOON + n * 5 * DAY / others, "1") for n in range(others)]
            rows += [(f"p{n}", NOON + 5 * DAY + n * DAY / 900, "2") for n in range(900)]
            log.append([answered_by(*row) for row in rows]).result()
        return path

    small, large = of_a_version(tmp_path / "s.db", 500), of_a_version(tmp_path / "l.db", 20_000)
    window = to_microseconds(NOON - DAY), to_microseconds(NOON + 9 * DAY + timedelta(seconds=1))

    def sample(connection: Connection) -> None:
        found = queries.sample(connection, *window, 100, labelled=False, wanted=GroupFilter("2"))
        assert len(found) == 100

    def count(connection: Connection) -> None:
        assert queries.count(connection, *window, GroupFilter("2")) == Counts(900, 0)

    def first(connection: Connection) -> None:
        ((start, stop, groups),) = queries.answered(connection, *window, GroupFilter("2"))
        after = queries.Position(start)
        rows, _ = queries.page(connection, after, stop, 50, labelled=False, groups=groups)
        assert len(rows) == 50

    # Where the version began, and where the window ends, the minutes of a day are gone through.
    minutes = 3 * 24 * 60
    for ask in (sample, count, first):
        assert steps(large, ask) < 1.5 * steps(small, ask) + minutes
