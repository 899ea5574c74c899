import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_loop._settings import Gate
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Problem
from mlops_loop.errors import GateError, ProjectCodeError
from mlops_loop.evaluation._bootstrap import Resampling, clusters
from mlops_loop.evaluation._comparison import Comparison
from mlops_loop.evaluation._formatting import format_metric
from mlops_loop.evaluation._gate import apply_rules
from mlops_loop.evaluation._gate_result import GateResult, GateRuleResult
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.evaluation._rules import (
    BetterThanBaseline,
    MaxLatency,
    MaxSize,
    NotWorseThanChampion,
    Slices,
)
from mlops_loop.evaluation._slices import find_slices

ROWS = 2000
RNG = np.random.default_rng(3)
CHANCE = RNG.uniform(0.05, 0.6, ROWS)
TRUTH = (RNG.random(ROWS) < CHANCE).astype(np.int64)
BASELINE = np.full(ROWS, TRUTH.mean())
BY_ROW = np.arange(ROWS)
SLICED = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  colour: {type: category, nullable: true}
  size: {type: number}
  sold: {type: boolean}
  shop: {type: text, role: group}
  y: {type: boolean, role: target}
""")
# One value in each column, which makes no slice.
_NOTHING: Columns = {
    "colour": np.full(ROWS, None, dtype=object),
    "size": np.ones(ROWS),
    "sold": np.full(ROWS, np.nan),
    "shop": np.full(ROWS, None, dtype=object),
}


def _both(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([1 - positive, positive], axis=1)


def _comparison(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None = None,
    *,
    metric: str = "log_loss",
    rows: NDArray[np.int64] = BY_ROW,
    columns: Columns | None = None,
    resamples: int = 200,
    seed: int = 1,
) -> Comparison:
    return Comparison(
        metric=metrics_of("binary")[metric],
        labels=TRUTH,
        candidate=_both(candidate),
        baseline=_both(BASELINE),
        columns=columns or {},
        contract=SLICED,
        settings=Gate(),
        resampling=Resampling(rows, resamples=resamples, confidence=0.95, seed=seed),
        size=1000,
        latency=0.01,
        champion=None if champion is None else _both(champion),
    )


def _gate_result(
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64] | None = None,
    *,
    metric: str = "log_loss",
    rows: NDArray[np.int64] = BY_ROW,
    margin: float | None = None,
) -> GateResult:
    comparison = _comparison(candidate, champion, metric=metric, rows=rows)
    return apply_rules(comparison, [BetterThanBaseline(), NotWorseThanChampion(margin)])


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_a_model_that_knows_something_becomes_the_first(metric: str) -> None:
    result = _gate_result(CHANCE, metric=metric)
    assert result.passed
    assert result.metrics["gain_over_baseline_low"] > 0
    assert "better than the baseline" in result.summary()


def test_a_model_that_knows_nothing_is_refused() -> None:
    result = _gate_result(np.clip(BASELINE + RNG.normal(0, 0.1, ROWS), 0.01, 0.99))
    assert not result.passed
    assert "not significantly better than the baseline" in result.summary()


@pytest.mark.parametrize("metric", ["log_loss", "brier", "roc_auc"])
def test_a_model_worse_than_the_champion_is_refused(metric: str) -> None:
    worse = np.clip(CHANCE + RNG.normal(0, 0.2, ROWS), 0.01, 0.99)
    result = _gate_result(worse, CHANCE, metric=metric)
    assert not result.passed
    assert result.metrics["gain_over_champion"] < 0
    (message,) = [text for text in result.messages if "NotWorseThanChampion" in text]
    margin = format_metric(result.metrics["margin"])
    assert message.startswith(
        "Rejected by NotWorseThanChampion: It may be worse than the champion by more than "
        f"{margin}: gain in {metric} -"
    )
    assert (
        f"on 2,000 rows, taken as independent, and the lower bound is below -{margin}." in message
    )
    assert "with `loop.promotion: live` a trial decides" in message
    assert "With an interval of this width, a gain of at least " in message


def test_the_champion_again_passes_by_the_margin() -> None:
    assert _gate_result(CHANCE, CHANCE).passed


def test_a_wide_margin_lets_a_worse_model_pass() -> None:
    worse = np.clip(CHANCE + 0.1, 0.01, 0.99)
    assert not _gate_result(worse, CHANCE).passed
    assert _gate_result(worse, CHANCE, margin=0.2).passed


def _noisy(scale: float, seed: int) -> NDArray[np.float64]:
    """As good as any other with this scale of noise, on rows of 20 clusters that share some."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, scale, ROWS) + rng.normal(0, scale / 2, 20)[BY_ROW // 100]
    return np.asarray(1 / (1 + np.exp(-np.log(CHANCE / (1 - CHANCE)) - noise)))


def test_before_a_trial_only_a_model_that_is_surely_worse_is_rejected() -> None:
    equal, worse = _noisy(0.5, 1), _noisy(1.2, 2)
    rival, alike = _noisy(0.5, 3), BY_ROW // 100
    rule = NotWorseThanChampion()
    comparisons = [_comparison(model, rival, rows=alike) for model in (equal, worse)]
    before_trial = [rule(replace(one, trial_follows=True)) for one in comparisons]
    assert [result.passed for result in before_trial] == [True, False]
    assert not any(rule(one).passed for one in comparisons)  # neither is proved not to be worse
    assert [NotWorseThanChampion(strict=False)(one).passed for one in comparisons] == [True, False]
    passed, failed = (result.text for result in before_trial)
    assert passed.startswith("It is not demonstrably worse than the champion: gain in log_loss ")
    assert "on 2,000 rows of 20 groups (margin 0.00" in passed
    assert (
        "An equal model is rejected with a probability of at most 10%, one worse by 0.01" in passed
    )
    assert passed.endswith("The trial on live labels decides.")
    assert "estimated as worse by more than 0.00" in failed and "upper bound below 0" in failed


@pytest.mark.parametrize("trial_follows", [True, False])
def test_a_rejection_names_the_gain_that_would_have_passed(trial_follows: bool) -> None:
    rival, alike = _noisy(0.5, 3), BY_ROW // 100
    comparison = replace(
        _comparison(_noisy(1.2, 2), rival, rows=alike), trial_follows=trial_follows
    )
    rule = NotWorseThanChampion()
    text = rule(comparison).text
    named = float(re.search(r"a gain of at least (\S+) passes", text)[1])  # type: ignore[index]
    gain = comparison.gain_over("champion", 0.9 if trial_follows else 0.95)
    width = gain.high - gain.value if trial_follows else gain.value - gain.low
    margin = comparison.margin
    expected = -max(margin, width) if trial_follows else width - margin
    assert named == pytest.approx(expected, abs=1e-4)
    assert gain.value < named


def test_a_model_that_is_surely_but_hardly_worse_may_be_tried() -> None:
    hardly = np.clip(CHANCE * 1.005, 0.01, 0.99)
    rule = NotWorseThanChampion(margin=0.1)
    comparison = replace(_comparison(hardly, CHANCE), trial_follows=True)
    assert comparison.gain_over("champion").high < 0.01
    assert rule(comparison).passed


@pytest.mark.parametrize(
    ("problem", "metric", "labels", "baseline", "expected"),
    [
        ("binary", "log_loss", np.array([0, 1]), _both(np.array([0.5, 0.5])), 0.00693),
        ("binary", "log_loss", np.array([0, 0]), _both(np.array([0.02, 0.02])), 0.000202),
        ("binary", "roc_auc", np.array([0, 1]), _both(np.array([0.5, 0.5])), 0.005),
        ("binary", "accuracy", np.array([0, 0, 0, 1]), _both(np.full(4, 0.25)), 0.0025),
        ("regression", "rmse", np.array([10.0, 30.0]), np.array([20.0, 20.0]), 0.1),
    ],
)
def test_the_margin_is_a_share_of_the_baselines_loss(
    problem: Problem,
    metric: str,
    labels: NDArray[np.float64],
    baseline: NDArray[np.float64],
    expected: float,
) -> None:
    comparison = replace(
        _comparison(CHANCE),
        metric=metrics_of(problem)[metric],
        labels=labels,
        candidate=baseline,
        baseline=baseline,
        resampling=Resampling(np.arange(len(labels)), 10, 0.95, 1),
    )
    assert comparison.margin == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("clusters_", "widened"), [(6, 1.34), (14, 1.12), (2000, 1.0)])
def test_few_clusters_widen_the_interval(clusters_: int, widened: float) -> None:
    """By Student's quantile times sqrt(n / (n - 1)), over the normal one."""
    resampling = Resampling(BY_ROW % clusters_, 10, 0.95, 1)
    draws = np.random.default_rng(0).normal(size=100_000)
    assert resampling.interval(0.0, draws).low / -1.645 == pytest.approx(widened, rel=0.02)
    assert resampling.interval(0.0, draws, 0.8).high < resampling.interval(0.0, draws).high


def test_one_large_cluster_counts_for_little() -> None:
    unequal = np.where(BY_ROW < 1900, 0, BY_ROW)
    assert (
        Resampling(np.unique(unequal, return_inverse=True)[1], 10, 0.95, 1).degrees_of_freedom < 1.2
    )
    assert Resampling(BY_ROW % 14, 10, 0.95, 1).degrees_of_freedom == pytest.approx(13, abs=0.01)


def test_earlier_versions_on_the_same_holdout_are_counted() -> None:
    comparison = _comparison(CHANCE)
    assert "held-out rows, so the best" not in apply_rules(comparison, [MaxSize()]).summary()
    result = apply_rules(replace(comparison, holdout_uses=3), [MaxSize()])
    assert "3 earlier versions were evaluated on these held-out rows, so the best of 4" in (
        result.summary()
    )
    assert result.metrics["holdout_uses"] == 3


def test_rows_that_come_in_clusters_say_less() -> None:
    rank = np.argsort(np.argsort(np.abs(CHANCE - TRUTH)))
    alike = rank // 100
    alone = _gate_result(CHANCE).metrics
    together = _gate_result(CHANCE, rows=alike).metrics
    assert together["score_high"] - together["score_low"] > 3 * (
        alone["score_high"] - alone["score_low"]
    )


def test_the_same_seed_gives_the_same_verdict() -> None:
    assert _gate_result(CHANCE, BASELINE) == _gate_result(CHANCE, BASELINE)


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


def test_slices_are_the_values_of_categories_booleans_and_the_group() -> None:
    columns = {
        "colour": np.array(["red"] * 5 + ["blue"] * 3 + [None] * 2, dtype=object),
        "size": np.ones(10),
        "sold": np.array([1.0] * 6 + [0.0] * 4),
        "shop": np.array(["s"] * 10, dtype=object),
        "y": np.zeros(10),
    }
    found = find_slices(SLICED, columns, 4)
    # Of two reds too few are left out, and a slice that is everything says nothing new.
    assert [part.name for part in found] == ["colour = red", "sold = False", "sold = True"]
    assert found[0].rows.tolist() == [0, 1, 2, 3, 4]


def _parts(count: int) -> Columns:
    """A column with `count` values, in turn."""
    return {**_NOTHING, "colour": np.array([str(at % count) for at in BY_ROW], dtype=object)}


def _sliced(candidate: NDArray[np.float64], columns: Columns) -> GateRuleResult:
    comparison = _comparison(candidate, CHANCE, columns=columns, resamples=100)
    return Slices(min_rows=200, margin=0.0)(comparison)


def _wrong_on(part: int, count: int) -> NDArray[np.float64]:
    worse = CHANCE.copy()
    rows = BY_ROW % count == part
    worse[rows] = np.clip(1 - CHANCE[rows], 0.05, 0.95)
    return worse


def test_a_model_that_fails_one_slice_is_refused_and_the_slice_is_named() -> None:
    result = _sliced(_wrong_on(2, 4), _parts(4))
    assert not result.passed
    assert [found.name for found in result.slices if found.failed] == ["colour = 2"]
    assert "On colour = 2 (500 rows) it is worse than the champion by more than 0" in result.text


def test_equally_good_models_are_seldom_refused_because_of_a_slice() -> None:
    """Of 200 gates over 8 slices at most 5 % may refuse; chance makes it 18 in 1 of 100 runs."""
    refused = 0
    columns = _parts(8)
    for seed in range(200):
        noise = np.random.default_rng(seed).normal(0, 0.3, ROWS)
        logit = np.log(CHANCE / (1 - CHANCE))
        # Errors of the same size on both sides, of different rows.
        one = 1 / (1 + np.exp(-(logit + noise)))
        other = 1 / (1 + np.exp(-(logit + np.roll(noise, 7))))
        comparison = _comparison(
            one, other, metric="brier", columns=columns, resamples=40, seed=seed
        )
        refused += not Slices(min_rows=200, margin=0.0)(comparison).passed
    assert refused <= 18


def test_a_slice_that_is_one_group_has_an_interval() -> None:
    """Its rows are drawn one by one: a single cluster would be the same in each resample."""
    shops = np.array([f"s{number // 200}" for number in BY_ROW], dtype=object)
    comparison = _comparison(
        _noisy(0.5, 4), _noisy(0.5, 5), rows=BY_ROW // 200, columns={**_NOTHING, "shop": shops}
    )
    result = Slices(min_rows=200, margin=0.0)(comparison)
    assert len(result.slices) == 10 and result.passed
    assert all(part.gain.high - part.gain.low > 0.01 for part in result.slices)


def test_without_slices_nothing_is_said() -> None:
    result = _sliced(CHANCE, _NOTHING)
    assert result.passed
    assert result.text == ""


def test_a_model_that_costs_too_much_is_refused() -> None:
    comparison = _comparison(CHANCE)
    assert (
        MaxSize(1000)(comparison).passed and MaxLatency(timedelta(seconds=0.01))(comparison).passed
    )
    size, latency = MaxSize(500)(comparison), MaxLatency(timedelta(seconds=0.005))(comparison)
    assert not size.passed and size.text == "The model is 1,000 bytes (limit 500, gate.max_size)."
    assert not latency.passed and "10.00 ms (limit 5 ms, gate.max_latency)" in latency.text
    assert size.values == {"size": 1000.0}


def test_thresholds_are_those_of_the_settings_unless_given() -> None:
    settings = Gate(margin=0.2, max_size=500, max_latency=timedelta(seconds=0.005), slice_rows=501)
    comparison = replace(_comparison(np.clip(CHANCE + 0.1, 0.01, 0.99), CHANCE), settings=settings)
    assert NotWorseThanChampion()(comparison).passed
    assert not NotWorseThanChampion(0.005)(comparison).passed
    assert not MaxSize()(comparison).passed and not MaxLatency()(comparison).passed
    assert Slices()(replace(comparison, columns=_parts(4))).slices == ()
    assert len(Slices(min_rows=500)(replace(comparison, columns=_parts(4))).slices) == 4


def test_one_rule_that_fails_is_enough_and_a_rule_of_ones_own_is_a_function() -> None:
    def seldom_sure(comparison: Comparison) -> GateRuleResult:
        share = float((comparison.candidate[:, 1] > 0.5).mean())
        return GateRuleResult(share > 0.9, f"It is sure of {share:.0%}.", {"sure": share})

    comparison = _comparison(CHANCE)
    assert apply_rules(comparison, [BetterThanBaseline()]).passed
    result = apply_rules(comparison, [BetterThanBaseline(), seldom_sure])
    assert not result.passed
    assert result.summary().startswith("Rejected by seldom_sure: It is sure of ")
    assert result.messages[1].startswith("log_loss on 2,000 held-out rows: ")
    assert result.metrics["sure"] < 0.9 and "gain_over_baseline" in result.metrics


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda comparison: True, "returned bool: expected a GateRuleResult"),
        (lambda comparison: comparison.missing, r"failed in line \d+: AttributeError"),
    ],
)
def test_a_rule_that_fails_is_named(rule: Any, message: str) -> None:
    with pytest.raises(ProjectCodeError, match=f"gate rule <lambda> in test_gate.py {message}"):
        apply_rules(_comparison(CHANCE), [rule])


def test_a_gate_without_rules_is_an_error() -> None:
    with pytest.raises(GateError, match="no rule: see RULES in gate.py"):
        apply_rules(_comparison(CHANCE), [])


def test_a_result_travels_whole_as_json() -> None:
    comparison = _comparison(_wrong_on(2, 4), CHANCE, columns=_parts(4))
    result = apply_rules(comparison, [BetterThanBaseline(), Slices(min_rows=200, margin=0.0)])
    assert len(result.slices) == 4 and not result.passed
    assert GateResult.from_json(result.to_json()) == result
