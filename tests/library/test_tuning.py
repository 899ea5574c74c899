"""The search of parameters, cut short and taken up again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import optuna
import pytest

from mlops_loop.encoder import Encoder
from mlops_loop.evaluation.metrics import metric_named
from mlops_loop.models import Candidate, Task, load_candidates
from mlops_loop.settings import Tuning
from mlops_loop.training.leaderboard import Folds
from mlops_loop.training.search import Search
from mlops_loop.training.tuning import opened, tune

from .conftest import Rows

METRIC = metric_named("log_loss", "binary")


@pytest.fixture
def folds(rows: Rows) -> Folds:
    matrix, labels = rows(2)
    half = np.arange(len(labels)) < 300
    pairs = [(np.flatnonzero(half), np.flatnonzero(~half))]
    return Folds(matrix, labels, pairs, 2)


@pytest.fixture
def linear(encoder: Encoder) -> Candidate:
    task = Task("binary", encoder, 0, 1, 600)
    return next(one for one in load_candidates(("baseline",), task) if one.name == "linear")


def search(candidate: Candidate, folds: Folds, storage: Path, trials: int) -> list[tuple[int, int]]:
    """How far the search was, each time that it said so."""
    told: list[tuple[int, int]] = []
    tune(
        candidate,
        folds,
        METRIC,
        Tuning(trials=trials, timeout=timedelta(minutes=5)),
        storage=storage,
        study="search",
        seed=1,
        on_stage=lambda line: None,
        on_trial=lambda done, total: told.append((done, total)),
    )
    return told


def states(storage: Path) -> list[str]:
    with opened(storage) as studies:
        study = optuna.load_study(study_name="search", storage=studies)
        return [trial.state.name for trial in study.trials]


def test_a_trial_cut_short_counts_for_nothing(
    linear: Candidate, folds: Folds, tmp_path: Path
) -> None:
    storage = tmp_path / "trials.db"

    def killed(parameters: object) -> object:
        raise KeyboardInterrupt

    search(linear, folds, storage, trials=1)
    with pytest.raises(KeyboardInterrupt):
        search(replace(linear, build=killed), folds, storage, trials=2)
    with opened(storage) as studies:
        optuna.load_study(study_name="search", storage=studies).ask()
    assert states(storage)[0] == "COMPLETE" and states(storage)[-1] == "RUNNING"
    assert search(linear, folds, storage, trials=3) == [(1, 3), (2, 3), (3, 3)]
    assert search(linear, folds, storage, trials=3) == [(3, 3)]


def test_trials_are_found_again_only_for_the_same_rows_features_and_folds(folds: Folds) -> None:
    train, rest = folds.pairs[0]
    others = [
        replace(folds, pairs=[(rest, train)]),
        replace(folds, matrix=folds.matrix + 1),
        replace(folds, labels=1 - folds.labels),
    ]
    name = Search(folds, "snapshot").study("linear", "log_loss")
    assert name == Search(replace(folds), "snapshot").study("linear", "log_loss")
    assert name not in [Search(other, "snapshot").study("linear", "log_loss") for other in others]
