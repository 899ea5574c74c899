"""Labels join their predictions, early or late; the first one stays, or an official one."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from mlops_loop.prediction_log import Counts, LabelReport, PredictionLog, _early_labels

from .records import MICROSECOND, NOON, fill, ids, label, record, scattered


def test_a_label_joins_its_prediction(log: PredictionLog) -> None:
    fill(log, {"a": NOON, "b": NOON})
    assert log.add_labels([label("a", "late")]) == LabelReport(joined=1)
    row = log.get("a")
    assert row is not None and row.label == label("a", "late")
    assert log.totals() == log.count(NOON, NOON + MICROSECOND) == Counts(2, 1)
    assert ids(list(log.rows(None, None, labelled=True))) == ["a"]


def test_a_label_that_came_early_waits_for_its_prediction(log: PredictionLog) -> None:
    assert log.add_labels([label("a")]) == LabelReport(early=1)
    assert log.totals() == Counts(0, 0)
    fill(log, {"a": NOON})
    row = log.get("a")
    assert row is not None and row.label == label("a")
    assert log.totals() == log.count(None, None) == Counts(1, 1)
    assert ids(log.sample(None, None, 9, labelled=True)) == ["a"]


def test_the_first_label_stays_and_others_are_reported(log: PredictionLog) -> None:
    fill(log, {"a": NOON, "b": NOON})
    report = log.add_labels([label("a"), label("a"), label("b", False), label("b", True)])
    assert report == LabelReport(joined=2, repeated=1, conflicting=("b",))
    again = log.add_labels([label("a", False), label("b", False)])
    assert again == LabelReport(repeated=1, conflicting=("a",))
    assert [row.label for row in log.rows(None, None)] == [label("a"), label("b", False)]
    assert log.totals() == log.count(None, None) == Counts(2, 2)


def test_labels_come_in_batches_of_any_length(log: PredictionLog) -> None:
    fill(log, scattered(1_200))
    report = log.add_labels([label(f"p{number}") for number in range(2_500)])
    assert report == LabelReport(joined=1_200, early=1_300)
    assert log.totals() == log.count(None, None) == Counts(1_200, 1_200)


def test_an_official_label_replaces_a_callers_and_says_so(log: PredictionLog) -> None:
    fill(log, {"a": NOON, "b": NOON})
    log.add_labels([label("a"), label("b"), label("early")])
    official = [replace(label(name, False), authority="user ada", official=True) for name in "ab"]
    assert log.add_labels(official[:1]) == LabelReport(replaced=("a",))
    row = log.get("a")
    assert row is not None and row.label == replace(official[0], replaced=label("a"))
    assert log.totals() == log.count(None, None) == Counts(2, 2)
    # From then on it stays, against any caller.
    for other in (label("a"), replace(label("a"), official=True)):
        assert log.add_labels([other]) == LabelReport(conflicting=("a",))
    assert [row.label.label for row in log.rows(None, None) if row.label] == [False, True]
    # The same label, confirmed; and a label that waits for its prediction, in one batch.
    confirmed = replace(label("b"), official=True)
    waiting = replace(label("early", False), official=True)
    report = log.add_labels([confirmed, waiting, official[1]])
    assert report == LabelReport(repeated=1, replaced=("early",), conflicting=("b",))
    fill(log, {"early": NOON})
    row = log.get("early")
    assert row is not None and row.label == replace(waiting, replaced=label("early"))


def test_an_official_label_in_the_same_batch_replaces_as_well(log: PredictionLog) -> None:
    fill(log, {"a": NOON})
    official = replace(label("a", False), official=True)
    assert log.add_labels([label("a"), official]) == LabelReport(joined=1, replaced=("a",))
    row = log.get("a")
    assert row is not None and row.label == replace(official, replaced=label("a"))


def test_early_labels_are_bounded_and_expire(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_early_labels, "CAPACITY", 2)
    fill(log, {"known": NOON})
    report = log.add_labels([label("a"), label("b"), label("c"), label("known")])
    assert report == LabelReport(joined=1, early=2, dropped=("c",))
    # One that has found its prediction makes room for another.
    fill(log, {"a": NOON})
    assert log.add_labels([label("c"), label("d")]) == LabelReport(early=1, dropped=("d",))
    later = label("d").time + timedelta(days=_early_labels.DAYS, microseconds=1)
    assert log.add_labels([replace(label("d"), time=later)]) == LabelReport(early=1)
    fill(log, {"b": NOON, "d": NOON})
    assert [log.get(name).label is None for name in "abd"] == [False, True, False]


def test_who_asked_is_recorded(log: PredictionLog) -> None:
    log.append([replace(record("a"), caller="key shop"), record("b")]).result()
    assert [row.record.caller for row in log.rows(None, None)] == ["key shop", ""]
