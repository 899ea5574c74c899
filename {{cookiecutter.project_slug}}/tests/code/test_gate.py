import numpy as np
import pytest
from numpy.typing import NDArray

from {{ cookiecutter.package_name }}.contract.model import parse_contract
from {{ cookiecutter.package_name }}.evaluation.bootstrap import Resampling, clusters
from {{ cookiecutter.package_name }}.evaluation.gate import Contest, Verdict, judge
from {{ cookiecutter.package_name }}.evaluation.metrics import metric_named

ROWS = 2000
RNG = np.random.default_rng(3)
CHANCE = RNG.uniform(0.05, 0.6, ROWS)
TRUTH = (RNG.random(ROWS) < CHANCE).astype(np.int64)
BASELINE = np.full(ROWS, TRUTH.mean())
BY_ROW = np.arange(ROWS)


def _verdict(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None = None,
    *,
    metric: str = "log_loss",
    rows: NDArray[np.int64] = BY_ROW,
    margin: float = 0.005,
) -> Verdict:
    contest = Contest(
        TRUTH, _both(candidate), _both(BASELINE), None if champion is None else _both(champion)
    )
    resampling = Resampling(rows, resamples=200, confidence=0.95, seed=1)
    return judge(contest, metric_named(metric, "binary"), resampling, margin)


def _both(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([1 - positive, positive], axis=1)


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_a_model_that_knows_something_becomes_the_first(metric: str) -> None:
    verdict = _verdict(CHANCE, metric=metric)
    assert verdict.passed
    assert verdict.figures["gain_over_baseline_low"] > 0
    assert "beats the baseline" in verdict.sentence()


def test_a_model_that_knows_nothing_is_refused() -> None:
    verdict = _verdict(np.clip(BASELINE + RNG.normal(0, 0.1, ROWS), 0.01, 0.99))
    assert not verdict.passed
    assert "does not surely beat the baseline" in verdict.sentence()


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_a_model_worse_than_the_champion_is_refused(metric: str) -> None:
    worse = np.clip(CHANCE + RNG.normal(0, 0.2, ROWS), 0.01, 0.99)
    verdict = _verdict(worse, CHANCE, metric=metric)
    assert not verdict.passed
    assert verdict.figures["gain_over_champion"] < 0
    assert "perhaps more than 0.005 worse than the champion" in verdict.sentence()


def test_the_champion_again_passes_by_the_margin() -> None:
    assert _verdict(CHANCE, CHANCE).passed


def test_a_wide_margin_lets_a_worse_model_pass() -> None:
    worse = np.clip(CHANCE + 0.1, 0.01, 0.99)
    assert not _verdict(worse, CHANCE).passed
    assert _verdict(worse, CHANCE, margin=0.2).passed


def test_rows_that_come_in_clusters_say_less() -> None:
    rank = np.argsort(np.argsort(np.abs(CHANCE - TRUTH)))
    alike = rank // 100
    alone = _verdict(CHANCE).figures
    together = _verdict(CHANCE, rows=alike).figures
    assert together["score_high"] - together["score_low"] > 3 * (
        alone["score_high"] - alone["score_low"]
    )


def test_the_same_seed_gives_the_same_verdict() -> None:
    assert _verdict(CHANCE, BASELINE) == _verdict(CHANCE, BASELINE)


def test_rows_cluster_by_group_else_by_day_else_not_at_all() -> None:
    head = "problem: binary\nlabel_horizon: 1d\ncolumns:\n  y: {type: boolean, role: target}\n"
    at = "  at: {type: datetime, role: time}\n"
    shop = "  shop: {type: category, role: group}\n"
    moments = np.datetime64("2013-01-01T00", "us") + np.arange(48 * 6) * np.timedelta64(30, "m")
    shops = np.array([f"s{number % 9}" for number in range(len(moments))], dtype=object)
    columns = {"y": np.zeros(len(moments)), "at": moments, "shop": shops}
    assert len(set(clusters(parse_contract(head + at + shop), columns))) == 9
    assert len(set(clusters(parse_contract(head + at), columns))) == 6
    assert len(set(clusters(parse_contract(head), columns))) == len(moments)
    few = {name: values[:48] for name, values in columns.items()}
    assert len(set(clusters(parse_contract(head + at), few))) == 48
