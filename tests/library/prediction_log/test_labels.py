"""Labels join their predictions, early or late, and the first one stays."""

from mlops_loop.prediction_log import Counts, LabelReport, PredictionLog

from .records import MICROSECOND, NOON, fill, ids, label, scattered


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
