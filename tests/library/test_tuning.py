"""The search of parameters, cut short and taken up again."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from mlops_loop._encoder import Encoder
from mlops_loop._run_context import RunContext
from mlops_loop._settings import Settings, Tuning
from mlops_loop._settings_loading import load_settings
from mlops_loop._training.cross_validation import cross_validate
from mlops_loop._training.data import TrainingData
from mlops_loop._training.optuna_search import tune
from mlops_loop._training.tuning import study_name, tune_all
from mlops_loop._training.tuning_storage import opened
from mlops_loop.errors import InputError, SettingsError, StoreUnavailableError
from mlops_loop.evaluation._metrics import log_loss
from mlops_loop.models import Candidate, Parameters, Task, baseline

from .conftest import Rows
from .places import FLIGHTS
from .store_server import SERVERS
from .training_data import training_data

LINEAR = baseline.linear()
FILES = ("sqlite:///var/optuna.db", "journal:///var/optuna.journal")


@pytest.fixture
def data(rows: Rows, encoder: Encoder, tmp_path: Path) -> TrainingData:
    matrix, labels = rows(2)
    half = np.arange(len(labels)) < 300
    folds = [(np.flatnonzero(half), np.flatnonzero(~half))]
    return training_data(matrix, labels, encoder, folds=folds, settings=settings(tmp_path, 3))


def settings(root: Path, trials: int, **options: Any) -> Settings:
    tuning = Tuning(trials=trials, timeout=timedelta(minutes=5), **options)
    found = load_settings(FLIGHTS)
    training = found.training.model_copy(update={"tuning": tuning})
    return found.model_copy(update={"root": root, "training": training})


def stored(data: TrainingData, storage: str, trials: int) -> TrainingData:
    """The rows, with trials in another storage."""
    changed = settings(data.rows.settings.root, trials, storage=storage)
    return replace(data, rows=replace(data.rows, settings=changed))


def search(candidate: Candidate, data: TrainingData, trials: int) -> list[tuple[int, int]]:
    """How far the search was, each time that it said so."""
    reached: list[tuple[int, int]] = []
    context = RunContext(on_trial=lambda done, total: reached.append((done, total)))
    root = data.rows.settings.root
    rows = replace(data.rows, settings=settings(root, trials), context=context)
    tune(candidate, replace(data, rows=rows), data.folds, log_loss, "search")
    return reached


@contextmanager
def study(data: TrainingData) -> Iterator[optuna.Study]:
    settings = data.rows.settings
    with opened(settings.training.tuning.storage, settings.root) as storage:
        yield optuna.load_study(study_name="search", storage=storage)


def states(data: TrainingData) -> list[str]:
    with study(data) as search:
        return [trial.state.name for trial in search.trials]


def test_a_trial_cut_short_counts_for_nothing(data: TrainingData) -> None:
    def killed(*_: object) -> object:
        raise KeyboardInterrupt

    search(LINEAR, data, trials=1)
    with pytest.raises(KeyboardInterrupt):
        search(replace(LINEAR, build=killed), data, trials=2)
    with study(data) as begun:
        begun.ask()
    assert states(data)[0] == "COMPLETE" and states(data)[-1] == "RUNNING"
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


@dataclass(frozen=True)
class SlowLinear:
    """Builds the linear model; says that it began, and takes a while."""

    seconds: float
    begun: Event

    def __call__(self, task: Task, parameters: Parameters) -> object:
        self.begun.set()
        time.sleep(self.seconds)
        return LINEAR.build(task, parameters)


def search_slowly(data: TrainingData, slow: SlowLinear) -> Parameters:
    return tune(replace(LINEAR, build=slow), data, data.folds, log_loss, "search")


@pytest.mark.parametrize("storage", FILES)
def test_a_search_counts_the_trials_that_others_have_finished_meanwhile(
    data: TrainingData, storage: str
) -> None:
    shared = stored(data, storage, trials=4)
    meanwhile: list[Parameters] = []

    def build(task: Task, parameters: Parameters) -> object:
        if not meanwhile:
            meanwhile.append({})
            meanwhile.append(tune(LINEAR, shared, data.folds, log_loss, "search"))
        return LINEAR.build(task, parameters)

    found = tune(replace(LINEAR, build=build), shared, data.folds, log_loss, "search")
    with study(shared) as search:
        assert [trial.number for trial in search.trials if trial.state.is_finished()] == list(
            range(5)
        )
        drawn = [tuple(trial.params.items()) for trial in search.trials]
    # The first to begin was the last to finish, beyond the budget.
    assert meanwhile[-1] == found and len(set(drawn)) == 5


@pytest.fixture(params=[*FILES, *SERVERS])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param in FILES:
        yield request.param
        return
    server = SERVERS[request.param](tmp_path / "server")
    yield server.address
    server.remove()


@pytest.mark.real
def test_processes_share_the_trials_of_a_search_and_one_that_is_killed_counts_for_nothing(
    data: TrainingData, storage: str
) -> None:
    shared = stored(data, storage, trials=12)
    spawn = multiprocessing.get_context("spawn")
    slow = [SlowLinear(seconds, spawn.Event()) for seconds in (0.05, 600)]
    others = [spawn.Process(target=search_slowly, args=(shared, each)) for each in slow]
    for process in others:
        process.start()
    for each in slow:
        assert each.begun.wait(60)
    others[1].kill()
    found = search_slowly(shared, slow[0])
    for process in others:
        process.join()
    assert others[0].exitcode == 0 and found == search_slowly(shared, slow[0])
    counted = [state for state in states(shared) if state in ("COMPLETE", "PRUNED")]
    assert len(counted) in (12, 13) and states(shared).count("RUNNING") == 1


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("var/optuna.db", SettingsError, "storage: var/optuna.db is invalid: expected e.g. sqlite"),
        ("oracle://host/x", SettingsError, "run `make add PACKAGE="),
        ("redis://:secret@127.0.0.1:1/0", StoreUnavailableError, r"\*\*\*@127.0.0.1:1/0 cannot be"),
        ("postgresql://me@127.0.0.1:1/x", StoreUnavailableError, "x cannot be opened .*refused"),
    ],
)
def test_a_storage_that_cannot_be_opened_is_one_sentence(
    data: TrainingData, address: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message), opened(address, data.rows.settings.root):
        pass
