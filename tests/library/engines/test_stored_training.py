"""Training on rows that stay in their file, on the workers of Dask: the same as in memory."""

import numpy as np
import pytest

from mlops_loop._project import Project
from mlops_loop._training.stored_encoding import bounded
from mlops_loop._training.tuning import study_name
from mlops_loop.data._split import Fold
from mlops_loop.errors import SnapshotError
from mlops_loop.evaluation._metrics import log_loss
from mlops_loop.models import Candidate, _fitting, baseline, lightgbm
from mlops_loop.models._stored_matrix import StoredMatrix, deal
from mlops_loop.pipeline import SnapshotRef

from ..stages import train
from .boosting import BOOSTING, encoded


def test_rows_are_encoded_as_in_memory_in_files_that_go_with_the_matrix(
    here: Project, there: Project
) -> None:
    local, stored = encoded(here), encoded(there)
    matrix = stored.train.matrix
    assert isinstance(local.train.matrix, np.ndarray) and isinstance(matrix, StoredMatrix)
    files = matrix.files
    assert stored.train.task == local.train.task and len(files) > 3
    np.testing.assert_array_equal(np.concatenate(list(matrix.blocks())), local.train.matrix)
    np.testing.assert_array_equal(stored.train.labels, local.train.labels)
    np.testing.assert_array_equal(stored.holdout.matrix, local.holdout.matrix)
    picked = local.train.folds[1].validation_idx[::-3]
    np.testing.assert_array_equal(matrix[picked], local.train.matrix[picked])
    part = matrix.subset(picked)
    np.testing.assert_array_equal(part[np.arange(3)], local.train.matrix[picked[:3]])
    names = [
        study_name(baseline.linear(), log_loss, data.train, data.train.folds)
        for data in (local, stored)
    ]
    assert names[0] == names[1]
    del matrix, part, stored, names
    assert not any(file.exists() for file in files)


def test_without_a_fit_on_dask_a_sample_is_fitted_in_memory(
    here: Project, there: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, stored = encoded(here).train, encoded(there).train
    candidate = baseline.linear()
    models = [
        _fitting.fit(candidate, data.task, data.matrix, data.labels) for data in (local, stored)
    ]
    few = local.matrix[np.arange(50)]
    np.testing.assert_array_equal(models[0].predict_proba(few), models[1].predict_proba(few))
    monkeypatch.setattr(_fitting, "ROWS_IN_MEMORY", 1_000)
    assert _fitting.rows_to_fit(candidate, stored.task, stored.matrix) == 1_000
    assert _fitting.rows_to_fit(lightgbm.trees(), stored.task, stored.matrix) == len(stored.labels)


def test_validation_rows_beyond_memory_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_loop._training.stored_encoding.ROWS_IN_MEMORY", 100)
    folds = [Fold(np.arange(5), np.arange(5, 900)), Fold(np.arange(900), np.arange(900, 950))]
    first, second = bounded(folds, seed=1)
    assert len(np.unique(first.validation_idx)) == 100 and first.validation_idx.max() > 800
    assert second == folds[1] and first.fit_idx is folds[0].fit_idx


def test_every_worker_gets_rows_from_everywhere_and_one_of_each_class() -> None:
    labels = np.repeat([0, 1, 2], [900, 99, 1])
    hands = deal(labels, 4)
    assert set(np.concatenate(hands)) == set(range(1_000))
    for hand in hands:
        assert set(labels[hand]) == {0, 1, 2} and len(hand) < 300
        assert hand.min() < 100 and hand.max() > 900


def test_a_splitter_keeps_the_order_of_rows_that_stay_in_their_file(there: Project) -> None:
    rows = SnapshotRef.latest(there).load(there)
    stored = rows.take(np.arange(len(rows))[::-1]).stored
    assert stored is not None
    with pytest.raises(SnapshotError, match="positions in ascending order"):
        stored.row_groups()


@pytest.mark.real
@BOOSTING
def test_dask_fits_nearly_the_same_model(
    here: Project, there: Project, candidate: Candidate
) -> None:
    local, stored = encoded(here).train, encoded(there).train
    alone = _fitting.fit(candidate, local.task, local.matrix, local.labels)
    with stored.on_engine() as running:
        together = _fitting.fit(candidate, stored.task, running.matrix, running.labels)
    difference = alone.predict_proba(local.matrix) - together.predict_proba(local.matrix)
    assert type(together) is type(alone) and np.abs(difference).mean() < 0.02


@pytest.mark.real
@BOOSTING
def test_a_project_trains_exports_and_passes_the_gate_on_dask(
    there: Project, candidate: Candidate, capfd: pytest.CaptureFixture[str]
) -> None:
    few = there.settings.training.tuning.model_copy(update={"trials": 2})
    training = there.settings.training.model_copy(update={"tuning": few})
    there.settings = there.settings.model_copy(update={"training": training})
    trained = train(there, candidates=[baseline.dummy(), candidate], tune=True)
    assert trained.gate.passed and candidate.name in trained.leaderboard.winner.candidate
    assert not list(there.paths.training.iterdir())
    assert "LightGBM" not in capfd.readouterr().out
