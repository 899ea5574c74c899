from collections.abc import Callable

import numpy as np
import onnx
import pytest

from {{ cookiecutter.package_name }}.contract.model import Problem
from {{ cookiecutter.package_name }}.encoder import Encoder, Matrix
from {{ cookiecutter.package_name }}.evaluation.target import Truth
from {{ cookiecutter.package_name }}.models import Candidate, Task, load_candidates, predicted
from {{ cookiecutter.package_name }}.training.export import OPSETS, check_parity, export

PROBLEMS: tuple[tuple[Problem, int], ...] = (("binary", 2), ("multiclass", 3), ("regression", 0))
SMALL = {"n_estimators": 20, "min_child_samples": 5}
Rows = Callable[[int], tuple[Matrix, Truth]]


def candidate(problem: Problem, encoder: Encoder) -> Candidate:
    (found,) = load_candidates(["lightgbm"], Task(problem, encoder, seed=1, threads=1))
    return found


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(("problem", "classes"), PROBLEMS)
def test_the_exported_trees_answer_the_same(
    encoder: Encoder, rows: Rows, problem: Problem, classes: int, complete: bool
) -> None:
    """Also where a value is missing that no row of the training lacked."""
    matrix, truth = rows(classes)
    train = np.nan_to_num(matrix[:400], nan=-0.5) if complete else matrix[:400]
    trees = candidate(problem, encoder)
    estimator = trees.build(SMALL).fit(train, truth[:400])
    model = export(trees, estimator, matrix.shape[1])
    parity = check_parity(model, estimator, matrix[400:], encoder, classes=classes, tolerance=1e-6)
    assert parity.difference <= parity.tolerance


@pytest.mark.parametrize(("problem", "classes"), PROBLEMS)
def test_trees_learn_and_learn_the_same_again(
    encoder: Encoder, rows: Rows, problem: Problem, classes: int
) -> None:
    matrix, truth = rows(classes)
    trees = candidate(problem, encoder)
    first, again = (
        predicted(trees.build(SMALL).fit(matrix, truth), matrix, classes) for _ in range(2)
    )
    assert np.array_equal(first, again)
    if classes:
        assert np.mean(first.argmax(axis=1) == truth) > 0.8
    else:
        assert np.corrcoef(first, truth)[0, 1] > 0.8


def test_values_that_float32_can_barely_tell_apart_stay_on_their_side(encoder: Encoder) -> None:
    steps = np.float32(1) + np.arange(8, dtype=np.float32) * np.finfo(np.float32).eps
    matrix = np.zeros((800, 3), dtype=np.float32)
    matrix[:, 1] = np.tile(steps, 100)
    truth = np.tile([0, 1], 400)
    trees = candidate("binary", encoder)
    estimator = trees.build(SMALL).fit(matrix, truth)
    assert np.ptp(estimator.predict_proba(matrix)[:, 1]) > 0.5
    model = export(trees, estimator, 3)
    assert check_parity(model, estimator, matrix, encoder, classes=2).difference < 1e-6


def test_what_is_exported_needs_no_newer_runtime_than_the_other_models(
    encoder: Encoder, rows: Rows
) -> None:
    matrix, truth = rows(2)
    trees = candidate("binary", encoder)
    model = onnx.load_from_string(export(trees, trees.build(SMALL).fit(matrix, truth), 3))
    assert all(each.version <= OPSETS[each.domain] for each in model.opset_import)


def test_every_suggested_parameter_is_one_of_the_librarys(encoder: Encoder) -> None:
    import optuna

    trees = candidate("binary", encoder)
    assert trees.space is not None
    suggested = trees.space(optuna.create_study().ask())
    assert set(suggested) <= set(trees.build({}).get_params())
