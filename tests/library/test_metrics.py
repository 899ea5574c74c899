import numpy as np
import pytest
from sklearn import metrics as reference

from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Problem
from mlops_loop.errors import ContractError, SettingsError
from mlops_loop.evaluation._formatting import format_metric
from mlops_loop.evaluation._metric import Metric
from mlops_loop.evaluation._metrics import DEFAULT_METRIC, accuracy, log_loss, metrics_of, rmse
from mlops_loop.evaluation._target import encode_target

RNG = np.random.default_rng(7)
TRUTH = RNG.integers(0, 2, 400)
POSITIVE = np.clip(TRUTH * 0.3 + RNG.random(400) * 0.7, 0.01, 0.99).round(2)
BINARY = np.stack([1 - POSITIVE, POSITIVE], axis=1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log_loss", reference.log_loss(TRUTH, POSITIVE)),
        ("brier", reference.brier_score_loss(TRUTH, POSITIVE)),
        ("roc_auc", reference.roc_auc_score(TRUTH, POSITIVE)),
        ("accuracy", (BINARY.argmax(axis=1) == TRUTH).mean()),
    ],
)
def test_metrics_agree_with_scikit_learn(name: str, expected: float) -> None:
    metric = metrics_of("binary")[name]
    assert metric.value(TRUTH, BINARY) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["log_loss", "brier", "roc_auc", "accuracy"])
def test_a_weight_of_two_counts_a_row_twice(name: str) -> None:
    metric = metrics_of("binary")[name]
    weights = RNG.integers(0, 3, len(TRUTH))
    rows = np.repeat(np.arange(len(TRUTH)), weights)
    weighed = metric.scorer(TRUTH, BINARY)(weights.astype(float))
    assert weighed == pytest.approx(metric.value(TRUTH[rows], BINARY[rows]))


@pytest.mark.parametrize("name", ["log_loss", "brier", "roc_auc", "accuracy"])
def test_a_better_prediction_scores_better_in_every_metric(name: str) -> None:
    metric = metrics_of("binary")[name]
    sharp = np.stack([1.0 - TRUTH, TRUTH], axis=1) * 0.9 + 0.05
    gain = metric.direction * (metric.value(TRUTH, sharp) - metric.value(TRUTH, BINARY))
    assert gain > 0


def test_one_class_alone_has_an_area_as_good_as_chance() -> None:
    metric = metrics_of("binary")["roc_auc"]
    assert metric.value(np.zeros(5, dtype=np.int64), BINARY[:5]) == 0.5


def test_several_classes_are_judged_one_against_the_rest() -> None:
    labels = RNG.integers(0, 3, 300)
    scores = RNG.dirichlet(np.ones(3), 300)
    expected = reference.roc_auc_score(labels, scores, multi_class="ovr")
    assert metrics_of("multiclass")["roc_auc"].value(labels, scores) == pytest.approx(expected)
    assert metrics_of("multiclass")["log_loss"].value(labels, scores) == pytest.approx(
        reference.log_loss(labels, scores)
    )


def test_a_regression_is_judged_in_units_of_its_target() -> None:
    labels, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 1.0])
    metrics = {n: m.value(labels, predicted) for n, m in metrics_of("regression").items()}
    assert metrics == pytest.approx({"rmse": (10 / 3) ** 0.5, "mae": 4 / 3})


@pytest.mark.parametrize(
    ("metric", "problem", "available"),
    [
        (log_loss, "regression", "rmse, mae"),
        (rmse, "multiclass", "log_loss, brier, roc_auc, accuracy"),
    ],
)
def test_a_metric_that_does_not_fit_the_problem_names_those_that_do(
    metric: Metric, problem: Problem, available: str
) -> None:
    message = f"{metric.name} is not a metric of a {problem} problem \\(available: {available}\\)"
    with pytest.raises(SettingsError, match=message):
        metric.for_problem(problem)
    assert DEFAULT_METRIC.for_problem(problem).for_problem(problem).name in ("rmse", "log_loss")


def test_a_metric_of_ones_own_is_weighed_by_repeating_rows() -> None:
    """So that the bootstrap draws rows for any function."""
    own = Metric("own", accuracy.function, greater_is_better=True)
    weights = RNG.integers(0, 3, len(TRUTH)).astype(float)
    assert own.value(TRUTH, BINARY) == accuracy.value(TRUTH, BINARY)
    assert own.scorer(TRUTH, BINARY)(weights) == pytest.approx(
        accuracy.scorer(TRUTH, BINARY)(weights)
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.52345678, "0.5235"),
        (-0.5, "-0.5000"),
        (-0.0, "0.0000"),
        (-0.00001, "-1e-05"),
        (44.6123, "44.61"),
        (1234567.8, "1,234,568"),
    ],
)
def test_figures_have_about_five_digits_whatever_their_units(value: float, shown: str) -> None:
    assert format_metric(value) == shown


TARGET = """
problem: multiclass
label_horizon: 1d
columns:
  size: {type: category, role: target, categories: {values: [small, large]}}
"""


def test_classes_are_counted_in_the_order_of_the_contract() -> None:
    sizes = np.array(["large", "small", "large"], dtype=object)
    assert encode_target(parse_contract(TARGET), {"size": sizes}).tolist() == [1, 0, 1]


@pytest.mark.parametrize("wrong", [None, "huge"])
def test_a_target_that_no_class_fits_is_refused(wrong: str | None) -> None:
    sizes = np.array(["large", wrong], dtype=object)
    with pytest.raises(ContractError, match="the target size is .* in 1 rows"):
        encode_target(parse_contract(TARGET), {"size": sizes})
