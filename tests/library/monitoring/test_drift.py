import numpy as np
import pytest

from mlops_loop.contract._columns import Columns, take
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._column_comparison import ColumnComparison
from mlops_loop.monitoring._samples import Sample

from .world import World


def columns_of(found: MonitoringReport, kind: str) -> set[str | None]:
    return {finding.column for finding in found.findings if finding.kind == kind}


def test_a_shifted_column_is_named_but_does_not_alone_make_the_window_drift(world: World) -> None:
    def shift(columns: Columns) -> None:
        columns["weight"] += 1

    found = world.monitor_changed(shift)
    assert not found.drift
    assert columns_of(found, "drift") == {"weight"}
    assert found.performance == "ok"
    assert "weight drifted: Wasserstein distance" in found.findings[0].text


def test_enough_drifted_columns_make_the_window_drift(world: World) -> None:
    def move(columns: Columns) -> None:
        columns["weight"] += 1
        columns["size"] += 1
        columns["colour"][:] = "red"

    found = world.monitor_changed(move)
    assert found.drift
    assert columns_of(found, "drift") == {None, "weight", "size", "colour", "prediction"}
    whole = next(one for one in found.findings if one.statistic == "drifted_share")
    assert whole.to_json() == {
        "kind": "drift",
        "text": "60% of the columns drifted (limit 30%)",
        "column": None,
        "statistic": "drifted_share",
        "value": pytest.approx(3 / 5),
        "threshold": 0.3,
        "severity": "critical",
        "slice": None,
        "rows": 600,
    }


def test_a_handful_of_rows_is_not_called_drift(world: World) -> None:
    world.predict(take(world.parcels(2), np.arange(20)))
    found = world.monitor()
    assert not found.drift
    assert found.report is None
    assert any("too few to test for drift" in note for note in found.notes)


def test_answers_of_another_version_say_nothing_about_the_champion(world: World) -> None:
    world.predict(world.parcels(2), version="0")
    found = world.monitor()
    assert found.performance == "unknown"
    assert "prediction" not in found.drift_scores
    assert any("predicted none" in note for note in found.notes)


def test_the_answer_to_several_classes_is_the_likeliest_one() -> None:
    scores = np.array([[0.1, 0.7, 0.2], [np.nan] * 3, [0.5, 0.2, 0.3]])
    answers, numeric = Sample({}, scores).answers()
    assert not numeric
    np.testing.assert_array_equal(answers, [1.0, np.nan, 0.0])


def test_chance_alone_rarely_reaches_the_threshold_of_a_column() -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"town {n}" for n in range(100)], dtype=object)
    crossed = {"numbers": 0, "categories": 0}
    for _ in range(100):
        rows = int(rng.integers(100, 2000))
        sides = rng.choice(words, 2000), rng.choice(words, rows)
        crossed["categories"] += compare(*sides, drift_threshold=0.0).times_threshold >= 1
        sides = rng.normal(size=2000), rng.normal(size=rows)
        crossed["numbers"] += compare(*sides, drift_threshold=0.0).times_threshold >= 1
    # One in a hundred is meant; more than five would happen once in 2000 such tests.
    assert max(crossed.values()) <= 5, crossed


def compare(
    first: np.ndarray, second: np.ndarray, drift_threshold: float = 0.1
) -> ColumnComparison:
    return ColumnComparison("x", first, second, first.dtype != object, drift_threshold)
