"""Regression targets that float32 or a library's thresholds would not survive as they are."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._model_file import ModelFile
from mlops_loop._model_session import open_session
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.onnx_export import export
from mlops_loop._training.parity import check_parity
from mlops_loop.errors import ExportError, TrainingError
from mlops_loop.evaluation import rmse
from mlops_loop.evaluation._formatting import format_metric
from mlops_loop.evaluation._target import Labels
from mlops_loop.models import Candidate, Task
from mlops_loop.models._fitting import fit

from .candidates import ALL, learning, of_every_library, task_of
from .training_data import training_data

Rows = Callable[[int], tuple[Matrix, Labels]]

pytestmark = pytest.mark.usefixtures("one_thread")

targets = pytest.mark.parametrize(
    ("center", "factor"),
    [(0.0, 1.0), (1.6e9, 10.0), (-1e15, 10.0), (0.0, 1e-9), (1e-3, 1e-9), (0.0, 1e200)],
)


@targets
@of_every_library
def test_a_target_far_from_zero_or_tiny_is_learned_and_exported(
    encoder: Encoder, rows: Rows, library: str, center: float, factor: float
) -> None:
    matrix, signal = rows(0)
    labels = center + factor * signal
    spread = float(signal.std()) * factor
    for candidate in learning(library):
        estimator = fit(candidate, task_of("regression", encoder, 400), matrix[:400], labels[:400])
        session = open_session(ModelFile(export(candidate, estimator, matrix.shape[1])))
        parity = check_parity(session, estimator, matrix[400:], encoder, classes=0)
        assert parity.difference <= parity.tolerance < 1e-4, candidate.name
        error = session.run(matrix[400:]).reshape(-1) - labels[400:]
        assert np.abs(error).mean() < 0.5 * spread, candidate.name


def test_such_a_target_has_the_same_leaderboard_in_its_own_units(
    encoder: Encoder, rows: Rows
) -> None:
    matrix, signal = rows(0)
    half = np.arange(len(signal)) < 300
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]

    def scores(labels: Labels, unit: float) -> dict[str, float]:
        data = training_data(matrix, labels, encoder, "regression", folds=folds)
        board = cross_validate(ALL, data, rmse)
        assert not any(row.ineligible for row in board.rows)
        return {row.candidate: row.mean / unit for row in board.rows}

    plain = scores(signal, 1.0)
    assert scores(1.6e9 + 10 * signal, 10.0) == pytest.approx(plain, rel=0.05)
    assert scores(1e-9 * signal, 1e-9) == pytest.approx(plain, rel=0.05)


def poisson(task: Task, parameters: object) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(loss="poisson", max_iter=20)


def test_a_loss_that_needs_the_target_as_it_is_gets_it(encoder: Encoder, rows: Rows) -> None:
    matrix, signal = rows(0)
    task, labels = task_of("regression", encoder), np.exp(signal / 2)
    as_it_is = Candidate("poisson", poisson, scales_target=False)
    estimator = fit(as_it_is, task, matrix, labels)
    assert estimator.predict(matrix).min() > 0
    with pytest.raises(TrainingError, match="scales_target=False"):
        fit(Candidate("poisson", poisson), task, matrix, labels)


def test_what_float32_loses_is_a_difference_in_units_of_the_spread(
    encoder: Encoder, rows: Rows
) -> None:
    matrix, signal = rows(0)
    candidate = Candidate("trees", lambda *_: HistGradientBoostingRegressor(), scales_target=False)
    estimator = fit(candidate, task_of("regression", encoder), matrix, 1.6e9 + 10 * signal)
    session = open_session(ModelFile(export(candidate, estimator, 3)))
    with pytest.raises(ExportError, match="predicts differently"):
        check_parity(session, estimator, matrix, encoder, classes=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (-0.00004, "-4e-05"),
        (0.00012345, "0.000123"),
        (1.234e-9, "1.23e-09"),
        (0.12345, "0.1235"),
        (1600000012.5, "1,600,000,012"),
    ],
)
def test_small_metrics_have_significant_digits(value: float, text: str) -> None:
    assert format_metric(value) == text
