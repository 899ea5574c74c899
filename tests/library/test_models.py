"""What holds for every candidate of every library that the settings name."""

import pickle
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
import onnx
import optuna
import pytest
from numpy.typing import NDArray

from mlops_loop._encoder import LARGEST, Encoder, Matrix
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._model_session import OnnxSession
from mlops_loop._training.onnx_export import OPSETS, export
from mlops_loop._training.parity import check_parity
from mlops_loop._training.size import size_of
from mlops_loop.contract._model import Problem
from mlops_loop.evaluation._target import Labels
from mlops_loop.models import Task
from mlops_loop.models import predict_scores as predicted
from mlops_loop.models._boosting import boosting_defaults
from mlops_loop.models._fitting import fit

from .candidates import (
    ALL,
    LIGHT,
    PROBLEMS,
    candidates_of,
    learning,
    of_every_library,
    task_of,
)

# Those of scikit-learn are refused by the parity check on such a table.
EXACT = {"lightgbm", "xgboost", "catboost"}

Rows = Callable[[int], tuple[Matrix, Labels]]

pytestmark = pytest.mark.usefixtures("one_thread")

for_every_problem = pytest.mark.parametrize(("problem", "classes"), PROBLEMS)


def loss(answers: NDArray[np.float64], labels: Labels, classes: int) -> float:
    """Log loss, or the mean absolute error of a regression."""
    if not classes:
        return float(np.abs(answers - labels).mean())
    return float(-np.log(answers[np.arange(len(labels)), labels.astype(int)]).mean())


@of_every_library
@for_every_problem
def test_every_candidate_learns_from_rows_with_holes_and_the_same_again(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    matrix, labels = rows(classes)
    dummy, task = candidates_of("baseline")[0], task_of(problem, encoder)
    constant = predicted(dummy.estimator(task).fit(matrix, labels), matrix, classes)
    for candidate in learning(library):
        first, again = (
            predicted(candidate.estimator(task).fit(matrix, labels), matrix, classes)
            for _ in range(2)
        )
        assert np.array_equal(first, again), candidate.name
        assert loss(first, labels, classes) < 0.8 * loss(constant, labels, classes), candidate.name


@pytest.mark.parametrize("complete", [True, False])
@of_every_library
@for_every_problem
def test_the_exported_model_answers_the_same(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int, complete: bool
) -> None:
    """Also where a value is missing, or unknown, that no row of the training lacked."""
    matrix, labels = rows(classes)
    train = matrix[:400]
    if complete:
        train = np.nan_to_num(train, nan=0.5)
        train[:, 0] = np.maximum(train[:, 0].round(), 0)
    for candidate in learning(library):
        estimator = candidate.estimator(task_of(problem, encoder)).fit(train, labels[:400])
        model = export(candidate, estimator, matrix.shape[1])
        parity = check_parity(OnnxSession(model), estimator, matrix[400:], encoder, classes=classes)
        assert parity.difference <= parity.tolerance <= 1e-4, candidate.name
        assert parity.rows > 200
        opsets = onnx.load_from_string(model).opset_import
        assert all(each.version <= OPSETS[each.domain] for each in opsets), candidate.name


@of_every_library
@for_every_problem
def test_numbers_out_of_all_proportion_get_an_answer(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    matrix, labels = rows(classes)
    extreme = np.full((4, 3), [0, LARGEST, LARGEST], dtype=np.float32)
    extreme[1:3, 1] = -LARGEST
    extreme[2:, 2] = -LARGEST
    for candidate in learning(library):
        estimator = candidate.estimator(task_of(problem, encoder)).fit(matrix, labels)
        model = OnnxSession(export(candidate, estimator, matrix.shape[1]))
        assert np.isfinite(model.run(extreme)).all(), candidate.name


@pytest.mark.parametrize(("problem", "classes"), [("binary", 2), ("regression", 0)])
def test_values_that_float32_can_barely_tell_apart_stay_on_their_side(
    encoder: Encoder, problem: Problem, classes: int
) -> None:
    steps = np.float32(1) + np.arange(8, dtype=np.float32) * np.finfo(np.float32).eps
    matrix = np.zeros((1600, 3), dtype=np.float32)
    matrix[:, 1] = np.tile(steps, 200)
    labels = np.tile([0, 0, 1, 1], 400)
    for candidate in (each for each in ALL if each.name in EXACT):
        estimator = candidate.estimator(task_of(problem, encoder)).fit(matrix, labels)
        answers = predicted(estimator, matrix, classes)
        assert np.ptp(answers[:, 1] if classes else answers) > 0.8, candidate.name
        model = export(candidate, estimator, 3)
        assert (
            check_parity(OnnxSession(model), estimator, matrix, encoder, classes=classes).difference
            < 1e-5
        )


@of_every_library
def test_a_matrix_without_categories_or_without_numbers_will_do(
    encoder: Encoder, rows: Rows, library: str
) -> None:
    for columns, words in (
        (encoder.columns[1:], {}),
        (encoder.columns[:1], encoder.vocabularies),
    ):
        part = Encoder(columns, words)
        matrix, labels = rows(2)
        matrix = matrix[:, 1:] if not words else matrix[:, :1]
        for candidate in learning(library):
            estimator = candidate.estimator(task_of("binary", part)).fit(matrix, labels)
            assert predicted(estimator, matrix, 2).sum(axis=1) == pytest.approx(1)
            model = export(candidate, estimator, matrix.shape[1])
            assert check_parity(OnnxSession(model), estimator, matrix, part, classes=2).rows > len(
                matrix
            )


@of_every_library
def test_a_class_that_was_never_seen_has_no_probability(
    encoder: Encoder, rows: Rows, library: str
) -> None:
    matrix, labels = rows(2)
    task = task_of("multiclass", encoder)
    for candidate in learning(library):
        answers = predicted(candidate.estimator(task).fit(matrix, labels * 2), matrix, 3)
        assert answers[:, 1].max() == 0, candidate.name
        assert answers.sum(axis=1) == pytest.approx(1)


@of_every_library
def test_a_rare_class_is_found_and_keeps_its_share(encoder: Encoder, library: str) -> None:
    """No weight of a class distorts the probabilities."""
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(6000, 3)).astype(np.float32)
    matrix[:, 0] = rng.integers(0, 3, len(matrix))
    chance = 1 / (1 + np.exp(4.5 - 1.5 * matrix[:, 1] - 0.5 * matrix[:, 0]))
    labels = (rng.random(len(matrix)) < chance).astype(np.int64)
    task = task_of("binary", encoder)
    for candidate in learning(library):
        estimator = candidate.estimator(task).fit(matrix[:4000], labels[:4000])
        answers = predicted(estimator, matrix[4000:], 2)[:, 1]
        share = labels[4000:].mean()
        assert 0.01 < share < 0.06
        assert answers.mean() == pytest.approx(share, abs=0.01), candidate.name
        assert answers[labels[4000:] == 1].mean() > 2 * share, candidate.name


@of_every_library
@for_every_problem
def test_what_tuning_suggests_can_be_trained(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    matrix, labels = rows(classes)
    for candidate in learning(library):
        assert candidate.search_space is not None
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        suggested = candidate.search_space(study.ask())
        estimator = candidate.estimator(task_of(problem, encoder), **suggested)
        answers = predicted(estimator.fit(matrix, labels), matrix, classes)
        assert np.isfinite(answers).all(), candidate.name


def test_only_the_constant_answer_is_there_to_be_beaten() -> None:
    assert [candidate.name for candidate in ALL if candidate.is_baseline] == ["dummy"]
    assert ALL[0].search_space is None


@pytest.mark.parametrize("library", [library for library in LIGHT if library != "baseline"])
def test_parameters_are_given_where_a_candidate_is_listed(encoder: Encoder, library: str) -> None:
    """Parameters of the file go before the defaults, and those of a search before both."""
    module = import_module(f"mlops_loop.models.{library}")
    candidate, task = module.trees(learning_rate=0.25), task_of("regression", encoder)
    assert candidate.estimator(task).get_params()["learning_rate"] == 0.25
    assert candidate.estimator(task, learning_rate=0.5).get_params()["learning_rate"] == 0.5


@of_every_library
@for_every_problem
def test_every_fitted_candidate_can_be_stored_and_answers_the_same(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    matrix, labels = rows(classes)
    for candidate in learning(library):
        fitted = candidate.estimator(task_of(problem, encoder)).fit(matrix, labels)
        stored = pickle.dumps(fitted, protocol=5)
        assert size_of(fitted) == len(stored), candidate.name
        again = predicted(pickle.loads(stored), matrix, classes)
        assert np.array_equal(again, predicted(fitted, matrix, classes)), candidate.name


def test_the_linear_model_is_bounded_in_memory_and_time() -> None:
    """Categories are sparse, and more rows than the bound are sampled."""
    levels, rows = 2_000, 20_000
    names = tuple(f"{level:04}" for level in range(levels))
    encoder = Encoder(
        (FeatureColumn("place", "category"), FeatureColumn("size", "number")), {"place": names}
    )
    rng = np.random.default_rng(2)
    place = rng.integers(0, levels, rows)
    matrix = np.stack([place, rng.normal(size=rows)], axis=1).astype(np.float32)
    labels = (rng.normal(size=levels)[place] + matrix[:, 1] > 0).astype(np.int64)
    linear = candidates_of("baseline")[1]
    task = Task("binary", encoder, seed=1, threads=1, rows=3_000_000, classes=2)
    tracemalloc.start()
    fit(linear, task, matrix, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.2 * rows * levels * 8  # what a matrix of one-hot columns takes
    assert linear.max_rows is not None
    assert 1_000_000 < linear.max_rows(task) < 20_000_000
    many = replace(task, problem="multiclass", classes=100)
    assert linear.max_rows(many) < linear.max_rows(task) // 10


def test_rows_that_resemble_one_another_take_small_trees(encoder: Encoder) -> None:
    """On the sample, whose rows of one day do, large trees lose to predicting the mean."""
    task = Task("regression", encoder, seed=1, threads=1, rows=40_000)
    assert boosting_defaults(task).leaves == 31
    assert boosting_defaults(replace(task, is_clustered=True)).leaves == 8
