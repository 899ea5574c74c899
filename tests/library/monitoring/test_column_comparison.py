"""Which columns drift, on values in memory."""

import numpy as np
import pytest

from mlops_loop.monitoring._column_comparison import ColumnComparison
from mlops_loop.monitoring._sampling_error import Clusters, drift_alpha, fit_effects
from mlops_loop.monitoring._share_comparison import ShareComparison

ROWS = 2_000
ALPHA = drift_alpha(30)


def compare(reference: np.ndarray, window: np.ndarray) -> ColumnComparison:
    return ColumnComparison("x", reference, window, reference.dtype != object, 0.1, ALPHA)


def days(random: np.random.Generator, count: int) -> np.ndarray:
    return np.sort(random.integers(0, count, ROWS))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "draw",
    [
        lambda random: random.standard_cauchy(ROWS),
        lambda random: random.pareto(1.5, ROWS),
        lambda random: random.lognormal(0, 2, ROWS),
        lambda random: (random.random(ROWS) < 0.005).astype(float),
        lambda random: random.integers(0, 500, ROWS).astype(str).astype(object),
    ],
    ids=["cauchy", "pareto", "lognormal", "rarely not zero", "500 categories"],
)
def test_an_unchanged_column_has_not_drifted(draw, seed: int) -> None:
    random = np.random.default_rng(seed)
    assert compare(draw(random), draw(random)).times_threshold < 1


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        (lambda r: r.normal(0, 1e-5, ROWS), lambda r: r.normal(5e-5, 1e-5, ROWS)),
        (lambda r: r.pareto(1.5, ROWS), lambda r: 1.5 * r.pareto(1.5, ROWS)),
        (lambda r: r.normal(size=ROWS), lambda r: r.normal(0.3, 1, ROWS)),
        (lambda r: np.zeros(ROWS), lambda r: (r.random(ROWS) < 0.03) * 7.0),
        (
            lambda r: r.choice(np.array(list("abcd"), object), ROWS, p=[0.4, 0.3, 0.2, 0.1]),
            lambda r: r.choice(np.array(list("abcd"), object), ROWS, p=[0.3, 0.4, 0.2, 0.1]),
        ),
        (
            lambda r: r.integers(0, 500, ROWS).astype(str).astype(object),
            lambda r: r.integers(0, 555, ROWS).astype(str).astype(object),
        ),
    ],
    ids=["small unit", "heavy tail", "mean", "was constant", "swap", "10% new categories"],
)
def test_a_change_is_found_whatever_the_unit_and_the_tail(reference, window) -> None:
    random = np.random.default_rng(1)
    comparison = compare(reference(random), window(random))
    assert comparison.times_threshold >= 1
    # A change of five standard deviations is not thousands of thresholds either.
    assert comparison.times_threshold < 40


@pytest.mark.parametrize(("within", "between"), [(0.1, 0.0), (0.3, 0.0), (0.3, 0.7)])
def test_days_that_are_alike_are_no_drift(within: float, between: float) -> None:
    random = np.random.default_rng(2)

    def side(count: int) -> tuple[np.ndarray, np.ndarray]:
        day, effects = days(random, count), random.normal(size=(count, 20))
        for at in range(1, count):
            effects[at] = between * effects[at - 1] + np.sqrt(1 - between**2) * effects[at]
        noise = random.normal(size=(ROWS, 20))
        return day, np.sqrt(within) * effects[day] + np.sqrt(1 - within) * noise

    (first, before), (second, now) = side(14), side(30)
    columns = [compare(*pair) for pair in zip(before.T, now.T, strict=True)]
    as_rows = sum(column.times_threshold >= 1 for column in columns)
    columns = [compare(*pair) for pair in zip(before.T, now.T, strict=True)]
    fit_effects([column.series for column in columns], [Clusters(first, second, ordered=True)])
    assert sum(column.times_threshold >= 1 for column in columns) == 0 < as_rows


def test_one_row_of_a_level_of_its_own_is_no_drift() -> None:
    """However the rows fall on two sides of the same size, the distance is the same."""
    before = np.array(["a"] * ROWS, dtype=object)
    assert compare(before, np.array(["b", *["a"] * (ROWS - 1)], dtype=object)).times_threshold < 1


def test_independent_rows_lose_nothing_to_days() -> None:
    random = np.random.default_rng(3)
    before, now = random.normal(size=ROWS), random.normal(size=ROWS)
    rows, clustered = compare(before, now), compare(before, now)
    clusters = Clusters(days(random, 14), days(random, 30), ordered=True)
    fit_effects([clustered.series], [clusters])
    assert rows.threshold <= clustered.threshold < 1.25 * rows.threshold


def test_a_change_within_the_window_does_not_hide_behind_its_own_spread() -> None:
    random = np.random.default_rng(4)
    first, second = days(random, 14), days(random, 30)
    comparison = compare(random.normal(size=ROWS), random.normal(size=ROWS) + (second >= 15))
    fit_effects([comparison.series], [Clusters(first, second, ordered=True)])
    assert comparison.times_threshold >= 1
    lost = ShareComparison("x", "missing_share", first < 0, second >= 25, ALPHA)
    fit_effects([lost.series], [Clusters(first, second, ordered=True)])
    assert lost.value > lost.highest(0.05)
