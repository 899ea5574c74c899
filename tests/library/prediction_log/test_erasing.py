"""What is erased, pruned or set aside is gone, with all that belonged to it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlops_loop.prediction_log import (
    Counts,
    Output,
    PredictionLog,
    Record,
    archive_prediction_log,
)

from .conftest import Open
from .records import DAY, MICROSECOND, NOON, fill, ids, label, record, scattered


def test_erasing_an_entity_leaves_nothing_of_it(log: PredictionLog) -> None:
    log.append([record(name, entity_key="gone") for name in "ab"]).result()
    log.append([record("c", entity_key="stays"), record("d")]).result()
    log.add_labels([label(name) for name in "abc"])
    assert log.erase("gone") == 2
    assert log.erase("gone") == 0
    assert log.get("a") is None
    assert ids(list(log.rows(None, None))) == ["c", "d"]
    assert len(log.sample(None, None, 9)) == 2
    assert log.totals() == log.count(None, None) == Counts(2, 1)
    # Its label went with it, so that a new prediction of that id has none.
    log.append([record("a")]).result()
    assert log.totals() == Counts(3, 1)


def test_pruning_leaves_nothing_of_what_is_older(log: PredictionLog) -> None:
    times = {"old": NOON - MICROSECOND, "at": NOON, "late": NOON + MICROSECOND}
    log.append([record(name, time, entity_key="é🙂") for name, time in times.items()]).result()
    log.append([record("older", NOON - timedelta(days=9))]).result()
    log.add_labels([label(name) for name in ("old", "at", "early")])
    assert log.prune(NOON) == 2
    assert log.prune(NOON) == 0
    assert log.get("old") is None
    assert ids(list(log.rows(None, None))) == ["at", "late"]
    assert len(log.sample(None, None, 9)) == 2
    assert log.totals() == log.count(None, None) == Counts(2, 1)
    # Its label went with it, others wait on.
    log.append([record("old"), record("early")]).result()
    assert log.totals() == Counts(4, 2)
    assert log.erase("é🙂") == 2


def test_pruning_reaches_rows_of_a_far_future_that_arrived_long_ago(log: PredictionLog) -> None:
    far, end = NOON + 400 * DAY, datetime.max.replace(tzinfo=UTC)
    rows = [
        (f"{name}{number}", arrival, event_time)
        for name, arrival in (("old", NOON - DAY), ("new", NOON))
        for number, event_time in enumerate((NOON + DAY, far, far + MICROSECOND, end))
    ]
    outputs = (Output("1", "champion", True, 1.5),)
    log.append(
        [Record(name, "k", event, arrival, {}, outputs) for name, arrival, event in rows]
    ).result()
    log.add_labels([label(name) for name, _, _ in rows])
    assert log.prune(NOON) == 0
    assert log.prune(NOON, beyond=far) == 2
    assert log.prune(NOON, beyond=far) == 0
    left = ["new0", "new1", "new2", "new3", "old0", "old1"]
    assert sorted(ids(list(log.rows(None, None)))) == left
    assert log.totals() == log.count(None, None) == Counts(6, 6)
    assert log.erase("k") == 6


def test_pruning_takes_any_number_of_rows_of_a_far_future(log: PredictionLog) -> None:
    far = NOON + 400 * DAY
    arrivals = [NOON - DAY if number % 3 else NOON for number in range(2_400)]
    log.append(
        [Record(f"p{n}", None, far + DAY, arrival, {}, ()) for n, arrival in enumerate(arrivals)]
    ).result()
    assert log.prune(NOON, beyond=far) == 1_600
    assert log.totals() == Counts(800, 0)


def test_pruning_takes_any_number_while_others_append(log: PredictionLog) -> None:
    times = scattered(2_500)
    fill(log, times)
    with ThreadPoolExecutor(1) as pool:
        pruned = pool.submit(log.prune, NOON)
        log.append([record(f"new{number}") for number in range(50)]).result()
        assert pruned.result() == 2_500
    assert log.totals() == log.count(None, None) == Counts(50, 0)


def test_a_log_that_was_set_aside_leaves_an_empty_one(
    open_log: Open, address: str, tmp_path: Path
) -> None:
    assert archive_prediction_log(address, root=tmp_path) is None
    log = open_log()
    log.append([record("a", entity_key="k")]).result()
    log.add_labels([label("a")])
    log.close()
    assert archive_prediction_log(address, root=tmp_path)
    log = open_log()
    assert log.totals() == Counts(0, 0)
    assert log.get("a") is None
    assert log.erase("k") == 0
    log.append([record("a")]).result()
    assert log.totals() == Counts(1, 0)
