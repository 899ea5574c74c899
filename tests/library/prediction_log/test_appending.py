"""What is appended is there once, as it was sent, by any process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mlops_loop.errors import InputError
from mlops_loop.prediction_log import (
    Counts,
    LabelReport,
    LoggedRow,
    Output,
    PredictionLog,
    Record,
)

from .records import MICROSECOND, NOON, ids, label, record


def test_a_record_comes_back_as_it_was_appended(log: PredictionLog) -> None:
    sent = record("a", datetime(2013, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC), entity_key="k")
    log.append([sent]).result()
    assert log.get("a") == LoggedRow(sent, None)
    assert log.get("b") is None


def test_times_of_other_zones_are_the_same_instants(log: PredictionLog) -> None:
    cairo = datetime.fromisoformat("2013-06-01T14:00:00+02:00")
    log.append([record("a", cairo)]).result()
    assert ids(log.sample(NOON, NOON + MICROSECOND, 9)) == ["a"]


def test_times_without_a_zone_are_refused(log: PredictionLog) -> None:
    naive = datetime(2013, 6, 1)
    with pytest.raises(InputError, match="no time zone"):
        log.append([record("a", naive)])
    with pytest.raises(InputError, match="no time zone"):
        log.count(naive, None)


@pytest.mark.parametrize("probability", [float("nan"), float("inf")])
def test_a_probability_that_is_no_number_is_refused(log: PredictionLog, probability: float) -> None:
    outputs = (Output("3", "champion", True, True, [probability]),)
    with pytest.raises(InputError, match="'a' cannot be logged"):
        log.append([Record("a", None, NOON, NOON, {}, outputs)])


def test_any_text_may_be_an_id_or_an_entity(log: PredictionLog) -> None:
    names = ["", " ", "a:b", "é🙂", "p\x00q", "'\"\\"]
    log.append([record(name, entity_key=name) for name in names]).result()
    assert log.add_labels([label(name, name) for name in names]) == LabelReport(joined=6)
    found = [log.get(name) for name in names]
    assert [row and row.label for row in found] == [label(name, name) for name in names]
    assert [log.erase(name) for name in names] == [1] * 6


def test_a_record_is_kept_once_however_often_it_is_appended(log: PredictionLog) -> None:
    log.append([record("a"), record("b"), record("a")]).result()
    log.append([record("a", NOON + timedelta(days=3)), record("c")]).result()
    assert log.totals() == log.count(None, None) == Counts(3, 0)
    kept = log.get("a")
    assert kept is not None and kept.record.event_time == NOON


def test_appending_nothing_is_done_at_once(log: PredictionLog) -> None:
    log.append([]).result(timeout=5)
    assert log.totals() == log.count(NOON, None) == Counts(0, 0)
    assert log.sample(None, None, 9) == log.sample(None, None, 9, labelled=True) == []


def test_many_threads_may_append(log: PredictionLog) -> None:
    def append(worker: int) -> None:
        waiting = [log.append([record(f"{worker}-{number}")]) for number in range(50)]
        for future in waiting:
            future.result()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))
    assert log.totals() == Counts(400, 0)


def test_a_caller_that_goes_away_undoes_nothing(log: PredictionLog) -> None:
    future = log.append([record("a")])
    future.cancel()
    log.append([record("b")]).result(timeout=5)
    assert not future.cancelled()
    assert log.get("a") is not None
