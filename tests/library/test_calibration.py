"""Calibration and threshold: learnt on out-of-fold rows, and the same in the exported model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from mlops_loop._calibration import Calibration
from mlops_loop._model_session import OnnxSession
from mlops_loop._predictor import decide
from mlops_loop._settings import Costs
from mlops_loop._training.calibration import (
    Calibrated,
    OutOfFold,
    calibrate,
    cheapest_threshold,
)
from mlops_loop._training.onnx_postprocessing import append_postprocessing
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.models import predict_scores as predicted

ROWS = 6000
FOLDS = np.arange(ROWS) % 3


def _rows(classes: int, sharpness: float) -> OutOfFold:
    """Probabilities that are right, then made `sharpness` times too sure."""
    rng = np.random.default_rng(classes)
    scores = rng.normal(size=(ROWS, classes))
    right = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    labels = (rng.random((ROWS, 1)) > right.cumsum(axis=1)).sum(axis=1)
    sure = np.exp(sharpness * scores)
    return OutOfFold(labels, sure / sure.sum(axis=1, keepdims=True), FOLDS)


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_that_are_too_sure_are_brought_back(classes: int) -> None:
    rows = _rows(classes, 3.0)
    found = calibrate(rows)
    assert found is not None
    assert found.scale == pytest.approx(1 / 3, rel=0.1)
    loss = metrics_of("multiclass")["log_loss"]
    after = loss.value(rows.labels, found.apply(rows.probabilities))
    assert after < loss.value(rows.labels, rows.probabilities) - 0.05


@pytest.mark.parametrize("seed", range(5))
def test_probabilities_that_are_right_are_left_alone_or_hardly_moved(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0.05, 0.95, ROWS)
    labels = (rng.random(ROWS) < chance).astype(np.int64)
    said = np.stack([1 - chance, chance], axis=1)
    found = calibrate(OutOfFold(labels, said, FOLDS))
    assert found is None or np.abs(found.apply(said) - said).max() < 0.05


def test_one_fold_is_not_enough_to_know() -> None:
    rows = _rows(2, 3.0)
    assert calibrate(OutOfFold(rows.labels, rows.probabilities, np.zeros(ROWS, int))) is None


@pytest.mark.parametrize(
    ("false_positive", "false_negative", "expected"), [(1, 1, 0.5), (1, 4, 0.2), (3, 1, 0.75)]
)
def test_the_threshold_follows_the_costs(
    false_positive: float, false_negative: float, expected: float
) -> None:
    rng = np.random.default_rng(4)
    chance = rng.random(50_000)
    labels = (rng.random(50_000) < chance).astype(np.int64)
    costs = Costs(false_positive=false_positive, false_negative=false_negative)
    said = OutOfFold(labels, np.stack([1 - chance, chance], axis=1), np.arange(50_000) % 3)
    assert cheapest_threshold(said, costs) == pytest.approx(expected)


def _world(seed: int, rows: int, off: float = 1.0) -> OutOfFold:
    """A sixth is positive; log-odds are `off` times what they should be."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(-2.2, 1.3, rows)
    labels = (rng.random(rows) < expit(scores)).astype(np.int64)
    chance = expit(off * scores)
    return OutOfFold(labels, np.stack([1 - chance, chance], axis=1), np.arange(rows) % 3)


def _cost(world: OutOfFold, threshold: float, costs: Costs) -> float:
    yes = world.probabilities[:, 1] >= threshold
    wrong = np.where(yes, costs.false_positive, costs.false_negative)
    return float((wrong * (yes != world.labels)).mean())


@pytest.mark.parametrize("off", [1.0, 0.6])
@pytest.mark.parametrize(
    ("false_positive", "false_negative"), [(1, 20), (1, 300), (1, 1000), (20, 1), (1000, 1)]
)
def test_extreme_costs_cost_little_more_than_the_best_threshold(
    false_positive: float, false_negative: float, off: float
) -> None:
    costs = Costs(false_positive=false_positive, false_negative=false_negative)
    others = _world(99, 50_000, off)
    excess = []
    for seed in range(3):
        rows = _world(seed, 3000, off)
        calibration = calibrate(rows) or Calibration(1.0, (0.0, 0.0))
        rows, rest = (
            replace(world, probabilities=calibration.apply(world.probabilities))
            for world in (rows, others)
        )
        thresholds = np.quantile(rest.probabilities[:, 1], np.linspace(0, 1, 100))
        best = min(_cost(rest, at, costs) for at in [*thresholds, 1.1])
        excess.append(_cost(rest, cheapest_threshold(rows, costs), costs) / best - 1)
    assert np.mean(excess) <= 0.05


def test_another_threshold_than_the_costs_needs_evidence() -> None:
    costs = Costs(false_positive=1, false_negative=20)
    assert cheapest_threshold(_world(1, 3000), costs) == pytest.approx(1 / 21)
    # Not calibrated: far too few of those above 1/21 are positive.
    assert cheapest_threshold(_world(1, 3000, off=0.3), costs) > 0.15


def test_a_tiny_threshold_decides() -> None:
    costs = Costs(false_positive=1, false_negative=10_000)
    threshold = cheapest_threshold(_world(1, 3000), costs)
    assert 0 < threshold < 0.00011
    chances = np.array([threshold / 2, threshold * 2])
    decided = decide(np.stack([1 - chances, chances], axis=1), (False, True), threshold)
    assert list(decided.values) == [False, True]


class _Fixed:
    """A classifier that saw some classes only; its answer is its input."""

    def __init__(self, seen: list[int]) -> None:
        self.classes_ = np.array(seen)

    def predict_proba(self, matrix: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return matrix.astype(np.float64)


def _same(columns: int, version: int = 17) -> bytes:
    from onnx import TensorProto, helper

    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns]) for name in "ab"
    ]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["a"], ["b"])], "same", ends[:1], ends[1:]
    )
    opset = helper.make_opsetid("", version)
    content: bytes = helper.make_model(
        graph, opset_imports=[opset], ir_version=8
    ).SerializeToString()
    return content


@pytest.mark.parametrize("version", [9, 17])
@pytest.mark.parametrize("calibration", [None, Calibration(0.5, (0.0, 0.3, -0.2))])
@pytest.mark.parametrize("seen", [[0, 1, 2], [0, 2]])
def test_the_exported_model_is_calibrated_and_has_every_class(
    seen: list[int], calibration: Calibration | None, version: int
) -> None:
    rng = np.random.default_rng(6)
    matrix = rng.dirichlet(np.ones(len(seen)), 200).astype(np.float32)
    model = append_postprocessing(_same(len(seen), version), seen, 3, calibration)
    native = _Fixed(seen)
    expected = predicted(Calibrated(native, calibration) if calibration else native, matrix, 3)
    assert np.abs(OnnxSession(model).run(matrix) - expected).max() < 1e-6
    if calibration is None:
        assert (expected[:, [code for code in range(3) if code not in seen]] == 0).all()


def test_nothing_is_added_where_nothing_is_to_do() -> None:
    model = _same(2)
    assert append_postprocessing(model, [0, 1], 2, None) is model
