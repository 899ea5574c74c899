"""Every candidate of every library is fitted on columns and folds that hold little or nothing."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._model_session import OnnxSession
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.onnx_export import export
from mlops_loop._training.onnx_postprocessing import append_postprocessing
from mlops_loop._training.parity import check_parity
from mlops_loop.contract._model import Problem
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.evaluation._target import Labels
from mlops_loop.models import predict_scores as predicted
from mlops_loop.models._fitting import fit, is_learnable

from .candidates import ALL, PROBLEMS, candidates_of, of_every_library, task_of
from .training_data import training_data

COLOUR, SIZE = 0, 1

Rows = Callable[[int], tuple[Matrix, Labels]]

pytestmark = pytest.mark.usefixtures("one_thread")

for_every_problem = pytest.mark.parametrize(("problem", "classes"), PROBLEMS)


def with_column(matrix: Matrix, at: int, value: float) -> Matrix:
    changed = matrix.copy()
    changed[:, at] = value
    return changed


def poor(matrix: Matrix) -> Iterator[tuple[str, Matrix]]:
    """The matrix with a column, or all, that say nothing."""
    yield "empty number", with_column(matrix, SIZE, np.nan)
    yield "constant number", with_column(matrix, SIZE, 3.0)
    yield "empty category", with_column(matrix, COLOUR, np.nan)
    yield "constant category", with_column(matrix, COLOUR, 1.0)
    yield "two empty columns", with_column(with_column(matrix, SIZE, np.nan), COLOUR, np.nan)


@of_every_library
@for_every_problem
def test_columns_that_are_empty_or_constant_where_it_is_fitted(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    """Other rows have values there, and get predictions that are exported as they are."""
    matrix, labels = rows(classes)
    for name, fitted_on in poor(matrix[:400]):
        for candidate in candidates_of(library):
            estimator = fit(candidate, task_of(problem, encoder), fitted_on, labels[:400])
            answers = predicted(estimator, matrix[400:], classes)
            assert np.isfinite(answers).all(), (name, candidate.name)
            if not candidate.is_baseline:
                model = export(candidate, estimator, matrix.shape[1])
                parity = check_parity(
                    OnnxSession(model), estimator, matrix[400:], encoder, classes=classes
                )
                assert parity.difference <= parity.tolerance, (name, candidate.name)


@of_every_library
def test_a_value_in_a_column_that_was_empty_changes_no_prediction(
    encoder: Encoder, rows: Rows, library: str
) -> None:
    matrix, labels = rows(2)
    for candidate in candidates_of(library):
        estimator = fit(
            candidate, task_of("binary", encoder), with_column(matrix, SIZE, np.nan), labels
        )
        answers = [
            predicted(estimator, with_column(matrix, SIZE, value), 2)
            for value in (np.nan, 0.0, 9.0, -9.0)
        ]
        assert np.ptp(answers, axis=0).max() < 1e-3, candidate.name


@of_every_library
@for_every_problem
def test_rows_with_nothing_to_learn_give_a_constant(
    encoder: Encoder, rows: Rows, library: str, problem: Problem, classes: int
) -> None:
    matrix, labels = rows(classes)
    last = labels[:1] * 0 + max(classes - 1, 0)
    cases: list[tuple[str, Matrix, NDArray[np.generic]]] = [
        ("one class or value", matrix, np.repeat(last, len(matrix))),
        ("all columns constant", np.ones_like(matrix), labels),
        ("all columns empty", np.full_like(matrix, np.nan), labels),
        ("one row", matrix[:1], labels[:1]),
    ]
    for name, fitted_on, target in cases:
        assert not is_learnable(fitted_on, target)
        for candidate in candidates_of(library):
            estimator = fit(candidate, task_of(problem, encoder), fitted_on, target)
            answers = predicted(estimator, matrix, classes)
            assert np.ptp(answers, axis=0) == pytest.approx(0), (name, candidate.name)
            if classes:
                shares = np.bincount(target.astype(np.int64), minlength=classes) / len(target)
                assert answers[0] == pytest.approx(shares), (name, candidate.name)
            else:
                assert answers[0] == pytest.approx(float(target.astype(np.float64).mean()))


@of_every_library
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_a_class_that_a_fold_lacks(encoder: Encoder, rows: Rows, library: str, absent: int) -> None:
    matrix, labels = rows(3)
    there = labels != absent
    for candidate in candidates_of(library):
        estimator = fit(candidate, task_of("multiclass", encoder), matrix[there], labels[there])
        answers = predicted(estimator, matrix, 3)
        assert answers[:, absent].max() == 0
        assert answers.sum(axis=1) == pytest.approx(1)
        if not candidate.is_baseline:
            seen = [code for code in range(3) if code != absent]
            model = append_postprocessing(
                export(candidate, estimator, matrix.shape[1]), seen, 3, None
            )
            check_parity(OnnxSession(model), estimator, matrix, encoder, classes=3)


@for_every_problem
def test_the_leaderboard_stands_when_the_first_fold_holds_nothing(
    encoder: Encoder, rows: Rows, problem: Problem, classes: int
) -> None:
    """An empty column and one class to fit on first, later both as they should be."""
    matrix, labels = rows(classes)
    matrix[:200, SIZE] = np.nan
    labels[:100] = labels[0]
    pairs = [(np.arange(at), np.arange(at, at + 100)) for at in (100, 200, 500)]
    metrics = list(metrics_of(problem).values())
    data = training_data(matrix, labels, encoder, problem, folds=pairs)
    board = cross_validate(ALL, data, metrics[0], metrics)
    assert len(board.rows) == len(ALL)
    for row in board.rows:
        assert np.isfinite([*row.scores, *row.metrics.values()]).all()
        assert not row.ineligible
