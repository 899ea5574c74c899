"""The group-sequential test: what it promises on days of several kinds, and what it finds."""

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_loop.loop._sequential_test import SequentialTest, Unit, repeated_interval

START = date(2013, 1, 1)
DAYS = 60
Floats = NDArray[np.float64]


def called(days: Floats, error_rate: float = 0.05) -> float:
    """Which side is proven at the first look that proves one, day by day; 0 for none."""
    for day in range(7, len(days) + 1):
        found = repeated_interval(days[:day], np.ones(day), error_rate, day / len(days))
        if found.low > 0 or found.high < 0:
            return float(np.sign(found.value))
    return 0.0


def autoregression(random: np.random.Generator, correlation: float) -> Floats:
    days = random.normal(size=DAYS + 30)
    for day in range(1, len(days)):
        days[day] = correlation * days[day - 1] + np.sqrt(1 - correlation**2) * days[day]
    return days[30:]


def promoted(kind: str, trials: int = 150) -> int:
    """How many of the trials of equal versions call the challenger better."""
    count = 0
    for seed in range(trials):
        random = np.random.default_rng([7, seed])
        days = {
            "independent": random.normal(size=DAYS),
            "alike": autoregression(random, 0.5),
            "skewed": 1 - random.exponential(size=DAYS),
            "heavy": random.standard_t(3, size=DAYS),
        }[kind]
        count += called(days) > 0
    return count


@pytest.mark.parametrize("kind", ["independent", "alike", "skewed", "heavy"])
def test_looking_every_day_promotes_an_equal_version_rarely(kind: str) -> None:
    assert promoted(kind) <= 15  # 5 % of 150 and nearly three standard deviations


def test_an_advantage_of_half_a_standard_deviation_is_found() -> None:
    found = [called(np.random.default_rng(seed).normal(0.5, 1, DAYS)) for seed in range(50)]
    assert sum(side > 0 for side in found) >= 42


def test_early_looks_ask_for_more() -> None:
    days = np.random.default_rng(1).normal(0.3, 1, 20)
    widths = [
        interval.high - interval.low
        for share in (0.2, 0.5, 1.0)
        for interval in [repeated_interval(days, np.ones(20), 0.05, share)]
    ]
    assert widths == sorted(widths, reverse=True)


def test_a_tail_towards_the_bound_moves_it() -> None:
    days = np.random.default_rng(1).exponential(size=DAYS) - 1
    right = repeated_interval(days, np.ones(DAYS), 0.05, 1.0)
    left = repeated_interval(-days, np.ones(DAYS), 0.05, 1.0)
    assert right.high - right.value > right.value - right.low
    assert (left.low, left.high) == pytest.approx((-right.high, -right.low))


def filled(unit: Unit, days: Floats) -> SequentialTest:
    test = SequentialTest(unit)
    for day, values in enumerate(days):
        for value in values:
            test.add(START + timedelta(days=day), float(value))
    return test


def days_with_means(seed: int, advantage: float) -> Floats:
    random = np.random.default_rng(seed)
    return random.normal(random.normal(advantage, 0.02, DAYS)[:, None], 0.08, (DAYS, 30))


def significant(test: SequentialTest) -> bool:
    found = test.interval(0.05, 1.0)
    return found is not None and found.low > 0


def test_rows_of_one_day_are_no_independent_evidence() -> None:
    """By rows, the rows of a good day would all speak for the challenger."""
    drawn = [days_with_means(seed, 0.0) for seed in range(60)]
    by_row = sum(significant(filled("row", each)) for each in drawn)
    by_day = sum(significant(filled("day", each)) for each in drawn)
    assert by_day <= 7 < by_row


def test_days_prove_an_advantage_in_time() -> None:
    found = [significant(filled("day", days_with_means(seed, 0.02))) for seed in range(20)]
    assert sum(found) >= 19


def test_a_few_days_prove_nothing() -> None:
    assert filled("day", days_with_means(1, 0.5)[:6]).interval(0.05, 1.0) is None


def test_versions_that_answer_the_same_have_no_difference() -> None:
    found = filled("day", np.zeros((DAYS, 2))).interval(0.05, 1.0)
    assert found is not None and (found.low, found.value, found.high) == (0.0, 0.0, 0.0)
