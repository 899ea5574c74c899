"""Windows of event time are exact, wherever they start and end."""

import random
from datetime import UTC, datetime

from mlops_loop.prediction_log import Counts, PredictionLog
from mlops_loop.prediction_log._sampling import sampling_key

from .records import MICROSECOND, NOON, fill, ids, label, scattered


def test_windows_hold_their_start_and_not_their_end(log: PredictionLog) -> None:
    times = {"before": NOON - MICROSECOND, "at": NOON, "after": NOON + MICROSECOND}
    fill(log, times)
    log.add_labels([label("at")])
    assert ids(log.sample(NOON, NOON + MICROSECOND, 9)) == ["at"]
    assert ids(list(log.rows(NOON, NOON + MICROSECOND))) == ["at"]
    assert log.count(NOON, NOON + MICROSECOND) == Counts(1, 1)
    assert ids(list(log.rows(None, NOON))) == ["before"]
    assert ids(list(log.rows(NOON, None))) == ["at", "after"]
    assert log.count(NOON, NOON) == Counts(0, 0) == log.count(NOON, NOON - MICROSECOND)


def test_any_window_is_exact(log: PredictionLog) -> None:
    times = scattered(2_000)
    fill(log, times)
    labelled = set(list(times)[::3])
    log.add_labels([label(name) for name in labelled])
    draw = random.Random(7)
    first, last = min(times.values()), max(times.values())
    for _ in range(25):
        since, until = sorted(first + draw.random() * (last - first) for _ in range(2))
        inside = {name for name, time in times.items() if since <= time < until}
        assert log.count(since, until) == Counts(len(inside), len(inside & labelled))
        by_key = sorted(inside, key=sampling_key)
        assert ids(log.sample(since, until, 40)) == by_key[:40]
        with_label = [name for name in by_key if name in labelled]
        assert ids(log.sample(since, until, 40, labelled=True)) == with_label[:40]


def test_rows_come_in_the_order_of_event_time(log: PredictionLog) -> None:
    times = scattered(2_500)
    fill(log, times)
    rows = list(log.rows(None, None))
    assert set(ids(rows)) == set(times) and len(rows) == len(times)
    assert [row.record.event_time for row in rows] == sorted(times.values())


def test_rows_of_one_instant_are_all_there(log: PredictionLog) -> None:
    fill(log, {f"p{number}": NOON for number in range(2_300)})
    assert len(set(ids(list(log.rows(NOON, NOON + MICROSECOND))))) == 2_300


def test_times_at_the_ends_of_the_calendar_are_exact(log: PredictionLog) -> None:
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    near = [ends[0] + MICROSECOND, ends[1] - MICROSECOND]
    fill(log, {"first": ends[0], "second": near[0], "last but one": near[1], "last": ends[1]})
    assert ids(list(log.rows(near[0], ends[1]))) == ["second", "last but one"]
    assert log.count(near[0], ends[1]) == Counts(2, 0)
    assert log.totals() == log.count(None, None) == Counts(4, 0)
