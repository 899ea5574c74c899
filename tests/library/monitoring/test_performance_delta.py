import numpy as np
import pytest

from mlops_loop.contract import Contract
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.monitoring._performance_delta import PerformanceDelta
from mlops_loop.monitoring._performance_measure import measure
from mlops_loop.monitoring._samples import Sample

ROWS = 1500


def contract_of(problem: str, target: str) -> Contract:
    lines = [
        f"problem: {problem}",
        "label_horizon: 1d",
        "columns:",
        "  when: {type: datetime, role: time}",
        "  y: {" + target + ", role: target}",
    ]
    return parse_contract("\n".join(lines))


BINARY = contract_of("binary", "type: boolean")
THREE = contract_of("multiclass", "type: category, categories: {values: [a, b, c]}")
NUMBER = contract_of("regression", "type: number")


def days(rows: int = ROWS) -> np.ndarray:
    return np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(20, "m")


def forecasts(seed: int, *, shift: float, skill: float = 1.5) -> Sample:
    """Honest forecasts: what they say is how often it happens, and they say so with skill."""
    rng = np.random.default_rng(seed)
    late = 1 / (1 + np.exp(-shift - skill * rng.normal(size=ROWS)))
    labels = (rng.random(ROWS) < late).astype(np.int64)
    return Sample({"when": days()}, np.stack([1 - late, late], axis=1), labels)


def compare(
    name: str, reference: Sample, window: Sample, contract: Contract = BINARY
) -> PerformanceDelta:
    metric = metrics_of(contract.problem)[name]
    delta = measure(contract, metric, reference=reference, window=window, seed=1)
    assert delta is not None
    return delta


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_a_season_with_another_base_rate_alone_is_not_worse(metric: str) -> None:
    quiet, busy = forecasts(1, shift=-2.0), forecasts(2, shift=-0.5)
    delta = compare(metric, quiet, busy)
    if metric != "roc_auc":
        assert delta.value > delta.reference + 0.05
    assert delta.worsening.low < 0.01


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_lost_skill_is_worse_for_every_metric(metric: str) -> None:
    before, after = forecasts(1, shift=-1.0), forecasts(2, shift=-1.0)
    rng = np.random.default_rng(3)
    mixed = Sample(after.columns, rng.permutation(after.scores), after.labels)
    delta = compare(metric, before, mixed)
    assert delta.worsening.low > 0.01
    assert delta.rises_when_worse == (metric != "roc_auc")


def test_a_quiet_season_does_not_hide_lost_skill() -> None:
    """The bare loss falls, although the forecast is now worth nothing."""
    before, after = forecasts(1, shift=-0.5), forecasts(2, shift=-3.0)
    rng = np.random.default_rng(3)
    mixed = Sample(after.columns, rng.permutation(after.scores), after.labels)
    delta = compare("log_loss", before, mixed)
    assert delta.value < delta.reference
    assert delta.worsening.low > 0.01


def test_several_classes_and_numbers_are_compared_alike() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, ROWS)
    sure = np.full((ROWS, 3), 0.1)
    sure[np.arange(ROWS), codes] = 0.8
    good = Sample({"when": days()}, sure, codes)
    bad = Sample({"when": days()}, rng.permutation(sure), codes)
    assert compare("log_loss", good, bad, THREE).worsening.low > 0.1
    values = rng.normal(size=ROWS)
    near = Sample({"when": days()}, values + 0.1 * rng.normal(size=ROWS), values)
    far = Sample({"when": days()}, values + rng.normal(size=ROWS), values)
    assert compare("rmse", near, far, NUMBER).worsening.low > 0.5
    wide = Sample({"when": days()}, near.scores * 10, values * 10)
    assert abs(compare("rmse", near, wide, NUMBER).worsening.value) < 0.01


def test_days_that_belong_together_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    hours = np.repeat(rng.normal(size=ROWS // 72 + 1), 72)[:ROWS]
    late = np.full(ROWS, 0.3)
    labels = (hours > 0.5).astype(np.int64)
    window = Sample({"when": days()}, np.stack([1 - late, late], axis=1), labels)
    alone = Sample({"when": np.repeat(days(1), ROWS)}, window.scores, labels)
    together = compare("brier", forecasts(1, shift=-1.0), window).worsening
    apart = compare("brier", forecasts(1, shift=-1.0), alone).worsening
    assert together.high - together.low > apart.high - apart.low


def test_outcomes_that_are_all_alike_cannot_be_compared() -> None:
    window = forecasts(1, shift=-1.0)
    alike = Sample(window.columns, window.scores, np.zeros(ROWS, dtype=np.int64))
    metric = metrics_of("binary")["log_loss"]
    assert measure(BINARY, metric, reference=window, window=alike, seed=1) is None


def test_the_sentence_names_the_figures() -> None:
    summary = compare("brier", forecasts(1, shift=-1.0), forecasts(2, shift=-1.0)).summary()
    assert f"on {ROWS} labelled rows" in summary
    assert "at the holdout's base rate" in summary
    values = np.arange(ROWS, dtype=np.float64)
    sides = [Sample({"when": days()}, values + shift, values) for shift in (100.0, 200.0)]
    summary = compare("mae", sides[0], sides[1], NUMBER).summary()
    assert "mae 200.00 on" in summary and "at the holdout's spread" in summary


@pytest.mark.parametrize("metric", ["log_loss", "brier", "accuracy", "roc_auc"])
def test_harder_inputs_or_selected_labels_are_not_worse(metric: str) -> None:
    usual, narrow = forecasts(1, shift=-0.8), forecasts(2, shift=-0.8, skill=0.5)
    assert not compare(metric, usual, narrow).is_worse(0.01)
    rows = forecasts(3, shift=-0.8)
    top = rows.take(rows.scores[:, 1] > np.quantile(rows.scores[:, 1], 0.6))
    assert not compare(metric, usual, top).is_worse(0.01)


def test_another_base_rate_is_worse_and_says_what_recalibration_gains() -> None:
    usual, window = forecasts(1, shift=-0.8), forecasts(2, shift=-0.8)
    low = Sample(window.columns, forecasts(2, shift=-1.8).scores, window.labels)
    delta = compare("roc_auc", usual, low)
    assert delta.is_worse(0.01)
    text = delta.finding(0.01, "critical").text
    assert "predictions of True are too low by" in text and "the log loss would be" in text


def test_a_ranking_metric_needs_thirty_rows_of_each_class() -> None:
    usual, rows = forecasts(1, shift=-0.8), forecasts(2, shift=-0.8)
    positive, negative = (np.flatnonzero(rows.labels == code) for code in (1, 0))
    few = rows.take(np.concatenate([negative, positive[:29]]))
    assert (
        measure(BINARY, metrics_of("binary")["roc_auc"], reference=usual, window=few, seed=1)
        is None
    )


def test_noise_and_bias_of_numbers_are_worse_and_moved_inputs_are_not() -> None:
    def rows(seed: int, *, spread: float = 1.0, noise: float = 1.0, bias: float = 0.0) -> Sample:
        rng = np.random.default_rng(seed)
        said = rng.normal(0, spread, ROWS)
        return Sample({"when": days()}, said, said + bias + noise * rng.normal(size=ROWS))

    assert not compare("rmse", rows(1), rows(2, spread=0.5), NUMBER).is_worse(0.01)
    assert compare("rmse", rows(1), rows(3, noise=2.0), NUMBER).is_worse(0.01)
    assert compare("rmse", rows(1), rows(4, bias=0.5), NUMBER).is_worse(0.01)


def test_days_that_follow_each_other_are_less_evidence_than_the_same_days_in_another_order() -> (
    None
):
    rng = np.random.default_rng(5)
    day = np.arange(ROWS) // 72
    logit = -1 + 1.5 * rng.normal(size=ROWS)
    level = 0.3 + 0.8 * np.sin(np.arange(day.max() + 1) / 3)
    labels = (rng.random(ROWS) < 1 / (1 + np.exp(-logit - level[day]))).astype(np.int64)
    late = 1 / (1 + np.exp(-logit))

    def chance(order: np.ndarray) -> float:
        when = np.datetime64("2024-01-01", "us") + order[day] * np.timedelta64(1, "D")
        window = Sample({"when": when}, np.stack([1 - late, late], axis=1), labels)
        return compare("log_loss", forecasts(1, shift=-1.0), window).recalibration.chance

    assert chance(np.arange(len(level))) > 2 * chance(rng.permutation(len(level)))
