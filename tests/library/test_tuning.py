"""The search of parameters, cut short and taken up again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import optuna
import pytest

from mlops_loop._encoder import Encoder
from mlops_loop._run_context import RunContext
from mlops_loop._settings import Settings, Tuning
from mlops_loop._settings_loading import load_settings
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.data import TrainingData
from mlops_loop._training.optuna_search import opened, tune
from mlops_loop._training.tuning import study_name, tune_all
from mlops_loop.errors import InputError
from mlops_loop.evaluation._metrics import log_loss
from mlops_loop.models import Candidate, baseline

from .conftest import Rows
from .places import FLIGHTS
from .training_data import training_data

LINEAR = baseline.linear()


@pytest.fixture
def data(rows: Rows, encoder: Encoder, tmp_path: Path) -> TrainingData:
    matrix, labels = rows(2)
    half = np.arange(len(labels)) < 300
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    return training_data(matrix, labels, encoder, folds=folds, settings=settings(tmp_path, 3))


def settings(root: Path, trials: int) -> Settings:
    tuning = Tuning(trials=trials, timeout=timedelta(minutes=5))
    found = load_settings(FLIGHTS)
    training = found.training.model_copy(update={"tuning": tuning})
    return found.model_copy(update={"root": root, "training": training})


def search(candidate: Candidate, data: TrainingData, trials: int) -> list[tuple[int, int]]:
    """How far the search was, each time that it said so."""
    reached: list[tuple[int, int]] = []
    context = RunContext(on_trial=lambda done, total: reached.append((done, total)))
    root = data.rows.settings.root
    rows = replace(data.rows, settings=settings(root, trials), context=context)
    tune(candidate, replace(data, rows=rows), data.folds, log_loss, "search")
    return reached


def states(storage: Path) -> list[str]:
    with opened(storage) as studies:
        study = optuna.load_study(study_name="search", storage=studies)
        return [trial.state.name for trial in study.trials]


def test_a_trial_cut_short_counts_for_nothing(data: TrainingData) -> None:
    storage = data.rows.settings.paths.tuning

    def killed(*_: object) -> object:
        raise KeyboardInterrupt

    search(LINEAR, data, trials=1)
    with pytest.raises(KeyboardInterrupt):
        search(replace(LINEAR, build=killed), data, trials=2)
    with opened(storage) as studies:
        optuna.load_study(study_name="search", storage=studies).ask()
    assert states(storage)[0] == "COMPLETE" and states(storage)[-1] == "RUNNING"
    assert search(LINEAR, data, trials=3) == [(1, 3), (2, 3), (3, 3)]
    assert search(LINEAR, data, trials=3) == [(3, 3)]


def test_trials_are_found_again_only_for_the_same_rows_features_and_folds(
    data: TrainingData,
) -> None:
    (fold,) = data.folds
    swapped = [replace(fold, fit_idx=fold.validation_idx, validation_idx=fold.fit_idx)]
    name = study_name(LINEAR, log_loss, data, data.folds)
    assert name == study_name(LINEAR, log_loss, replace(data), data.folds)
    others = [
        study_name(LINEAR, log_loss, data, swapped),
        study_name(LINEAR, log_loss, replace(data, matrix=data.matrix + 1), data.folds),
        study_name(LINEAR, log_loss, replace(data, labels=1 - data.labels), data.folds),
    ]
    assert name not in others


def test_tuned_candidates_are_compared_on_rows_that_no_search_has_seen(data: TrainingData) -> None:
    candidates = [baseline.dummy(), LINEAR]
    tuned = tune_all(candidates, data, log_loss)
    assert [candidate.name for candidate in tuned] == ["dummy", "linear", "linear tuned"]
    searched, compared = data.halved()
    board = cross_validate(tuned, data, log_loss)
    assert [fold.validation_idx.tolist() for fold in board.folds] == [
        fold.validation_idx.tolist() for fold in compared
    ]
    assert not set(searched[0].validation_idx) & set(board.folds[0].validation_idx)
    whole = cross_validate(candidates, data, log_loss)
    assert len(whole.folds[0].validation_idx) == len(data.folds[0].validation_idx)


def test_only_a_search_that_was_begun_is_resumed(data: TrainingData) -> None:
    with pytest.raises(InputError, match="no tuning of this snapshot"):
        tune_all([baseline.dummy(), LINEAR], data, log_loss, resume=True)
