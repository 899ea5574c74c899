"""A sample favours nothing, and is the same every time."""

from datetime import timedelta

from mlops_loop.prediction_log import PredictionLog
from mlops_loop.prediction_log._sampling import sampling_key

from .conftest import Open
from .records import NOON, fill, ids, label, scattered


def test_a_sample_favours_no_time_and_no_label(log: PredictionLog) -> None:
    bins, each = 40, 150
    fill(
        log,
        {f"p{n}": NOON + timedelta(minutes=n % bins, seconds=n % 50) for n in range(bins * each)},
    )
    log.add_labels([label(f"p{number}") for number in range(0, bins * each, 7)])
    sample = log.sample(NOON, NOON + timedelta(minutes=bins), 1_500)
    drawn = [0] * bins
    for row in sample:
        drawn[(row.record.event_time - NOON) // timedelta(minutes=1)] += 1
    expected = 1_500 / bins
    # The 99.9 % quantile of chi-square with 39 degrees of freedom; the ids are fixed.
    assert sum((count - expected) ** 2 / expected for count in drawn) < 72.1
    with_label = sum(row.label is not None for row in sample)
    assert abs(with_label - 1_500 / 7) < 3.3 * (1_500 / 7 * 6 / 7) ** 0.5


def test_a_sample_is_the_same_every_time(open_log: Open) -> None:
    log = open_log()
    times = scattered(300)
    fill(log, dict(reversed(times.items())))
    drawn = log.sample(None, None, 50)
    assert ids(drawn) == sorted(times, key=sampling_key)[:50]
    assert open_log().sample(None, None, 50) == drawn
    assert log.sample(None, None, 20) == drawn[:20]
    assert log.sample(None, None, 0) == []


def test_the_sampling_key_of_an_id_never_changes() -> None:
    # It is stored with every record: another hash would mix two kinds of keys in one log.
    assert sampling_key("p0") == 5_097_878_332_197_156_858
