import numpy as np
import pytest
from msgspec.structs import replace

from mlops_loop._bundle import Bundle
from mlops_loop._settings import Monitoring
from mlops_loop.contract._columns import Columns, take
from mlops_loop.monitoring import MonitoringReport
from mlops_loop.monitoring._column_comparison import ColumnComparison
from mlops_loop.monitoring._drift import find_drift
from mlops_loop.monitoring._report import draw_drift
from mlops_loop.monitoring._samples import Sample

from .world import PARCELS, World


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


def test_the_report_names_what_was_compared_and_how_often_chance_is_an_alarm(world: World) -> None:
    world.predict(world.parcels(2))
    notes = world.monitor(page=False).notes
    compared = (
        "drift compares 500 rows of 20 days (2024-02-10 to 2024-02-29) with 500 rows of 20 days"
    )
    assert any(note.startswith(compared) for note in notes)
    # Five columns at 0.05 / 2 / 6 each, by the share alone 1 / 0.3 times, in 18.25 windows a year.
    budget = (
        "without any change, a finding of drift or quality in at most 5% of the windows (0.9 a "
        "year), a drift alarm in at most 1.5% (0.27 a year)"
    )
    assert budget in notes


def test_the_importance_of_the_champion_makes_a_column_an_alarm(world: World) -> None:
    manifest = replace(world.bundle.manifest, importances={"weight": 0.03, "size": 0.07})
    world.bundle = Bundle(world.bundle.directory, manifest)

    def shift(columns: Columns) -> None:
        columns["weight"] += 1

    found = world.monitor_changed(shift)
    assert found.drift
    text = "weight drifted, important for the champion: up to 30% of the importance (limit 20%)"
    assert text in [finding.text for finding in found.findings]
    assert any("season" in note for note in found.notes)


def test_the_page_shows_the_distances_that_decide() -> None:
    samples = [Sample(World.parcels(seed), np.full((600, 2), 0.5 + seed / 100)) for seed in (1, 2)]
    samples[1].columns["size"] *= 1e4
    thresholds = Monitoring()
    drift = find_drift(PARCELS, thresholds, reference=samples[0], window=samples[1])
    snapshot = draw_drift(PARCELS, drift.comparisons, drift_share=thresholds.drift_share)
    metrics = snapshot.dict()["metrics"]
    shown = {
        metric["config"]["column"]: metric["value"]
        for metric in metrics
        if metric["config"].get("column")
    }
    assert shown == pytest.approx(drift.scores)


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
