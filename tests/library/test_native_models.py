"""Candidates without an ONNX form: on the leaderboard with the reason, or served as they are."""

import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlops_loop._calibration import Calibration
from mlops_loop._encoder import Encoder
from mlops_loop._model_file import ModelFile
from mlops_loop._model_session import open_session
from mlops_loop._native_session import store_estimator
from mlops_loop._run_context import RunContext
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.data import TrainingData
from mlops_loop._training.export import export_model
from mlops_loop._training.final_fit import fit_best
from mlops_loop._training.tuning import tune_all
from mlops_loop.contract._model import Problem
from mlops_loop.errors import BundleError, ExportError, TrainingError
from mlops_loop.evaluation._holdout import Holdout
from mlops_loop.evaluation._metrics import DEFAULT_METRIC as METRIC
from mlops_loop.models import Candidate, baseline, predict_scores

from .conftest import Rows
from .native_candidates import KERNEL, OWN, OWN_TYPE, SPLINES
from .places import FLIGHTS
from .training_data import training_data

DUMMY, LINEAR = baseline.dummy(), baseline.linear()
for_every_problem = pytest.mark.parametrize(
    ("problem", "classes", "candidate"),
    [("binary", 2, SPLINES), ("multiclass", 3, SPLINES), ("regression", 0, KERNEL)],
)


@pytest.fixture
def data(rows: Rows, encoder: Encoder) -> TrainingData:
    return data_of(rows, encoder)


def data_of(
    rows: Rows,
    encoder: Encoder,
    problem: Problem = "binary",
    classes: int = 2,
    *,
    native: bool = False,
    trusted: Sequence[str] = (),
    context: RunContext | None = None,
) -> TrainingData:
    settings: Settings = load_settings(
        FLIGHTS,
        training={"native_models": native},
        serving={"trusted_types": list(trusted)},
    )
    matrix, labels = rows(classes)
    half = np.arange(len(labels)) < 400
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    return training_data(
        matrix, labels, encoder, problem, folds=folds, settings=settings, context=context
    )


def holdout_of(data: TrainingData) -> Holdout:
    return Holdout({}, data.matrix[400:], data.labels[400:])


@for_every_problem
def test_without_the_opt_in_it_is_compared_and_cannot_win(
    rows: Rows, encoder: Encoder, problem: Problem, classes: int, candidate: Candidate
) -> None:
    data = data_of(rows, encoder, problem, classes)
    board = cross_validate([DUMMY, LINEAR, candidate], data, METRIC)
    (row,) = (row for row in board.rows if row.candidate == candidate.name)
    assert row.ineligible.startswith(f"{candidate.name} cannot be converted to ONNX (MissingShape")
    assert row.ineligible.endswith(
        ": give it a `to_onnx`, or set `training.native_models: true` to serve it as it is"
    )
    assert f"{candidate.name} cannot win: {row.ineligible}" in board.table()
    assert board.winner.candidate == "linear" and np.isfinite(row.mean)


def test_it_is_found_out_before_any_candidate_is_fitted_on_all_rows(
    rows: Rows, encoder: Encoder
) -> None:
    messages: list[str] = []
    data = data_of(rows, encoder, context=RunContext(on_stage=messages.append))
    cross_validate([DUMMY, LINEAR, SPLINES], data, METRIC)
    reason = next(at for at, message in enumerate(messages) if "native_models" in message)
    assert reason < messages.index("cross-validating dummy, linear, splines")


def test_where_nothing_else_is_left_training_ends_before_the_fits(data: TrainingData) -> None:
    fitted: list[int] = []

    class Counted(LogisticRegression):  # type: ignore[misc]
        def fit(self, matrix: Any, labels: Any) -> Any:
            fitted.append(len(labels))
            return super().fit(np.nan_to_num(matrix), labels)

    only = replace(SPLINES, build=lambda task, parameters: Counted())
    with pytest.raises(TrainingError) as raised:
        cross_validate([DUMMY, only], data, METRIC)
    assert "no candidate can win: splines cannot be converted" in str(raised.value)
    assert "set `training.native_models: true`" in str(raised.value)
    assert len(fitted) == 1 and fitted[0] < 210


def test_what_could_not_be_served_is_not_tuned(
    rows: Rows, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of(rows, encoder)
    monkeypatch.setattr("mlops_loop._training.optuna_search.tune", lambda *given: {})
    names = [each.name for each in tune_all([DUMMY, LINEAR, SPLINES], data, METRIC)]
    assert names == ["dummy", "linear", "splines", "linear tuned"]


@for_every_problem
def test_with_the_opt_in_it_wins_and_its_file_predicts_as_it_does(
    rows: Rows, encoder: Encoder, problem: Problem, classes: int, candidate: Candidate
) -> None:
    data = data_of(rows, encoder, problem, classes, native=True)
    board = cross_validate([DUMMY, candidate], data, METRIC)
    assert board.winner.form == "skops" and not board.winner.ineligible
    assert f"{candidate.name} is served without ONNX" in board.markdown()
    model = fit_best(board, data, calibrate=False)
    if classes:
        model = replace(model, calibration=Calibration(0.5, (0.0, *[0.3] * (classes - 1))))
    exported = export_model(model, parity=holdout_of(data))
    assert exported.model.name == "model.skops" and exported.parity.difference < 1e-9
    scores = open_session(exported.model).run(data.matrix)
    expected = predict_scores(model.calibrated(), data.matrix, classes)
    np.testing.assert_allclose(scores.reshape(expected.shape), expected)


def test_a_model_that_onnx_predicts_differently_is_served_as_it_is(
    rows: Rows, encoder: Encoder
) -> None:
    """Random forests fitted on missing values convert without an error, and are wrong."""
    forest = Candidate(
        "forest", lambda task, parameters: RandomForestClassifier(10, random_state=1)
    )
    data = data_of(rows, encoder, native=True)
    board = cross_validate([DUMMY, forest], data, METRIC)
    assert board.winner.form == "skops" and "predicts differently" in board.winner.obstacle
    model = export_model(fit_best(board, data, calibrate=True), parity=holdout_of(data)).model
    assert "sklearn.tree._tree.Tree" in model.types


def test_a_type_of_ones_own_is_named_in_the_settings(rows: Rows, encoder: Encoder) -> None:
    data = data_of(rows, encoder, native=True)
    board = cross_validate([DUMMY, LINEAR, OWN], data, METRIC)
    (row,) = (row for row in board.rows if row.candidate == "own")
    assert f"types that are not scikit-learn's: {OWN_TYPE}; name them in" in row.ineligible
    data = data_of(rows, encoder, native=True, trusted=[OWN_TYPE])
    board = cross_validate([DUMMY, OWN], data, METRIC)
    model = export_model(fit_best(board, data, calibrate=False), parity=holdout_of(data)).model
    with pytest.raises(BundleError, match=f"not trusted: {OWN_TYPE}; .*serving.trusted_types"):
        open_session(model)
    assert open_session(model, trusted_types=[OWN_TYPE]).run(data.matrix).shape == (600, 2)


def test_a_file_with_other_types_than_at_export_is_rejected(rows: Rows) -> None:
    matrix, labels = rows(2)
    forest = RandomForestClassifier(3).fit(matrix, labels)
    file = store_estimator(forest, classes=2)
    assert not [name for name in zipfile.ZipFile(BytesIO(file.content)).namelist() if "pkl" in name]
    with pytest.raises(BundleError, match="model.skops cannot be loaded: .*_tree.Tree"):
        open_session(replace(file, types=("numpy.dtype",)))
    with pytest.raises(BundleError, match="model.skops cannot be loaded"):
        open_session(ModelFile(b"no archive", "skops"))


@pytest.mark.parametrize("name", ["posix.system", "sklearn.datasets._base.load_files"])
def test_functions_are_not_trusted_whoever_they_are_from(rows: Rows, name: str) -> None:
    from pkgutil import resolve_name

    pipeline = make_pipeline(FunctionTransformer(resolve_name(name)), LogisticRegression())
    with pytest.raises(ExportError, match=f"not scikit-learn's: {name}"):
        store_estimator(pipeline, classes=2)


def test_what_cannot_be_stored_says_so(rows: Rows, encoder: Encoder) -> None:
    function = FunctionTransformer(lambda matrix: np.nan_to_num(matrix))
    candidate = Candidate(
        "lambda", lambda task, parameters: make_pipeline(function, LogisticRegression())
    )
    data = data_of(rows, encoder, native=True)
    board = cross_validate([DUMMY, LINEAR, candidate], data, METRIC)
    (row,) = (row for row in board.rows if row.candidate == "lambda")
    assert "as it is, " in row.ineligible and "lambda" in row.ineligible


def test_a_candidate_that_fails_on_missing_values_says_so(encoder: Encoder) -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(600, 3)).astype(np.float32)
    data = data_of(
        lambda classes: (matrix, (matrix[:, 1] > 0).astype(np.int64)), encoder, native=True
    )
    candidate = Candidate("plain", lambda task, parameters: LogisticRegression())
    board = cross_validate([DUMMY, LINEAR, candidate], data, METRIC)
    (row,) = (row for row in board.rows if row.candidate == "plain")
    assert "cannot predict rows with missing values" in row.ineligible
    assert "put e.g. a SimpleImputer before it" in row.ineligible


@pytest.mark.parametrize("package", ["sklearn", "skops"])
def test_without_the_extra_it_says_which(
    rows: Rows, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    matrix, labels = rows(2)
    file = store_estimator(RandomForestClassifier(3).fit(matrix, labels), classes=2)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BundleError, match="this version needs the extra `native` .*PACKAGE=native"):
        open_session(file)
