"""What a training leaves behind: versions, runs, a bundle, and nothing of what failed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from flights.features import FEATURES

from mlops_loop._bundle import read_bundle
from mlops_loop._code_version import code_tags
from mlops_loop._predictor import BundlePredictor
from mlops_loop._project import Project
from mlops_loop._run_context import RunContext
from mlops_loop._settings import Settings
from mlops_loop._training.onnx_export import _skl2onnx
from mlops_loop.contract._arrow import from_arrow
from mlops_loop.contract._columns import length
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.data._snapshot import Origin, latest_snapshot, write_snapshot
from mlops_loop.errors import ExportError, InputError, SnapshotError
from mlops_loop.evaluation._champion_predictions import ChampionPredictions, predict_with_champion
from mlops_loop.models import baseline, scikit_learn
from mlops_loop.registry._attempt import gate_result, registered

from .stages import Trained, train

BASELINE = [baseline.dummy(), baseline.linear()]
TREES = [baseline.dummy(), scikit_learn.trees()]


def _with(project: Project, **changed: object) -> Settings:
    """The project's settings with keys of sections changed, as `section__key`."""
    settings = project.settings
    for name, value in changed.items():
        section, key = name.split("__")
        part = getattr(settings, section).model_copy(update={key: value})
        settings = settings.model_copy(update={section: part})
    project.settings = settings
    return settings


def test_the_first_model_that_passes_becomes_champion(trained: Trained) -> None:
    project = trained.project
    assert trained.gate.passed, trained.gate.summary()
    assert (trained.version.version, trained.became) == ("1", "champion")
    assert project.published().champion == project.registry.alias("champion") == "1"


def test_the_bundle_carries_the_number_of_the_registered_version(trained: Trained) -> None:
    bundle = read_bundle(trained.project.bundles.fetch("1"), FEATURES.digest)
    registered = trained.project.registry.version(bundle.manifest.version)
    assert registered.run_id == bundle.manifest.run_id
    assert registered.tags["snapshot"] == bundle.manifest.snapshot
    assert registered.tags["contract_digest"] == trained.project.contract.digest
    assert registered.tags["features_digest"] == FEATURES.digest
    assert {"lock_digest", "git_commit", "git_dirty", "gate", "holdout_score"} <= set(
        registered.tags
    )


def test_an_attempt_is_found_again_with_the_whole_decision_of_the_gate(project: Project) -> None:
    result = train(project, context=RunContext(attempt="2013-03-01"))
    found = registered(project.registry, "2013-03-01")
    assert found is not None and found.version == result.version.version
    gate = gate_result(project.registry, found)
    assert gate.slices and gate.subject["run"] == found.run_id
    assert registered(project.registry, "another") is None


def test_the_reference_holds_held_out_rows_with_their_predictions(trained: Trained) -> None:
    project = trained.project
    bundle = read_bundle(project.bundles.fetch("1"))
    table = pyarrow.parquet.read_table(bundle.directory / "reference.parquet")
    columns = from_arrow(project.contract, table)
    answer = BundlePredictor(bundle, FEATURES).predict(columns)
    assert table["prediction"].to_pylist() == list(answer.values)
    assert answer.probabilities is not None
    assert np.allclose(table["probability_true"].to_numpy(), answer.probabilities[:, 1])
    assert project.contract.time is not None and bundle.manifest.trained_until is not None
    assert str(columns[project.contract.time.name].min()) > bundle.manifest.trained_until[:19]


def test_the_champion_is_not_asked_about_rows_it_was_trained_on(trained: Trained) -> None:
    project = trained.project
    columns = latest_snapshot(project.settings.path("var/snapshots")).columns(project.contract)

    def compare(contract: Contract, rows: slice) -> ChampionPredictions:
        held_out = {name: values[rows] for name, values in columns.items()}
        asking = project.copy()
        asking.contract = contract
        return predict_with_champion(asking, held_out)

    known = compare(project.contract, slice(0, 100))
    assert known.predicted is None and "was trained on these rows" in known.note
    mixed = compare(project.contract, slice(None))
    assert mixed.predicted is not None and len(mixed.predicted) == mixed.rows.sum() < length(
        columns
    )
    assert "that champion 1 was trained on are left out" in mixed.note
    other = parse_contract(project.contract.text.replace("problem: binary", "problem: regression"))
    assert "no champion for the contract's target" in compare(other, slice(0, 100)).note


def test_another_model_becomes_a_challenger(project: Project) -> None:
    result = train(project, candidates=TREES)
    assert (result.version.version, result.became) == ("2", "challenger")
    assert (project.published().champion, project.published().challenger) == ("1", "2")
    decision = result.gate.summary()
    assert "It is not demonstrably worse than the champion" in decision
    assert "1 earlier version was evaluated on these held-out rows" in decision


@pytest.mark.parametrize("promotion", ["live", "gate"])
def test_an_identical_model_is_not_tried_against_itself(project: Project, promotion: str) -> None:
    _with(project, loop__promotion=promotion)
    before = read_bundle(project.bundles.fetch("1")).manifest
    result = train(project)
    assert result.manifest.metrics == before.metrics
    assert (result.gate.passed, result.gate.same_as, result.became) == (True, "1", None)
    assert (project.published().champion, project.published().challenger) == ("1", None)
    decision = result.gate.summary()
    assert "It is identical to champion 1" in decision and "live labels decides" not in decision
    assert "identical to champion 1" in result.version.tags["hold"]


@pytest.mark.parametrize(("promotion", "became"), [("gate", "champion"), ("manual", None)])
def test_the_settings_decide_what_a_later_model_becomes(
    project: Project, promotion: str, became: str | None
) -> None:
    _with(project, loop__promotion=promotion, gate__margin=1.0)
    assert train(project, candidates=TREES).became == became


def test_a_refused_model_is_registered_and_not_published(project: Project) -> None:
    _with(project, gate__margin=0.0)
    snapshot = latest_snapshot(project.settings.path("var/snapshots"))
    table = snapshot.table()
    shuffled = np.random.default_rng(1).permutation(table.num_rows)
    target = project.contract.target.name
    at = table.column_names.index(target)
    noise = table.set_column(at, target, table[target].take(shuffled))
    write_snapshot(noise, snapshot.path.parent, Origin("noise", project.contract.digest))
    result = train(project, candidates=BASELINE)
    assert not result.gate.passed and not result.decision.passed
    assert result.became is None
    assert result.version.tags["gate"] == "rejected"
    assert not project.settings.path(f"var/bundles/{result.version.version}").exists()
    assert project.published().champion == "1"


def test_a_failed_export_leaves_no_version_and_a_failed_run(
    project: Project,
) -> None:
    exported: list[bytes] = []

    def converts_once(estimator: object, features: int) -> bytes:
        """Well for the leaderboard, and not any more when the candidate has won."""
        exported.append(_skl2onnx(estimator, features))
        return exported[0] if len(exported) == 1 else b""[1]

    candidate = replace(baseline.linear(), to_onnx=converts_once)
    with pytest.raises(ExportError, match="index out of range"):
        train(project, candidates=[baseline.dummy(), candidate])
    assert [found.version for found in project.registry.versions()] == ["1"]
    tracking = project.registry.tracking
    runs = tracking.client.search_runs([tracking.experiment_id], "attributes.status = 'FAILED'")
    assert len(runs) == 1


def test_a_failed_publication_leaves_no_version(project: Project, tmp_path: Path) -> None:
    bundles = project.settings.path("var/bundles")
    for path in bundles.iterdir():
        path.rename(tmp_path / path.name)
    bundles.rmdir()
    bundles.write_text("in the way")
    with pytest.raises(OSError):
        train(project, candidates=BASELINE)
    assert [found.version for found in project.registry.versions()] == ["1"]


def test_numbers_go_on_when_the_tracking_database_was_deleted(project: Project) -> None:
    project.settings.path("var/mlflow.db").unlink()
    assert train(project, candidates=BASELINE).version.version == "2"
    assert project.published().champion == "1"


def test_tuning_adds_candidates_and_can_be_taken_up_again(project: Project) -> None:
    tuning = project.settings.training.tuning.model_copy(update={"trials": 2})
    _with(project, training__tuning=tuning)
    told: list[str] = []
    context = RunContext(on_stage=told.append)
    first = train(project, candidates=BASELINE, tune=True, context=context)
    assert {row.candidate for row in first.leaderboard.rows} == {"dummy", "linear", "linear tuned"}
    assert any("linear: trial 2, best" in line for line in told)
    told.clear()
    again = train(project, candidates=BASELINE, tune=True, context=context)
    assert not any("trial" in line for line in told)
    assert again.manifest.metrics == first.manifest.metrics


def test_the_same_seed_and_budget_of_trials_give_the_same_search_and_order(
    project: Project,
) -> None:
    tuning = project.settings.training.tuning.model_copy(update={"trials": 3})
    _with(project, training__tuning=tuning)
    boards = []
    for _ in range(2):
        (project.paths.var / "optuna.db").unlink(missing_ok=True)
        rows = train(project, candidates=BASELINE, tune=True).leaderboard.rows
        boards.append([(row.candidate, row.scores, row.parameters) for row in rows])
    assert boards[0] == boards[1]
    tuned = {name: parameters for name, _, parameters in boards[0]}["linear tuned"]
    (project.paths.var / "optuna.db").unlink()
    project.settings = project.settings.model_copy(update={"seed": project.settings.seed + 1})
    rows = train(project, candidates=BASELINE, tune=True).leaderboard.rows
    assert {row.candidate: row.parameters for row in rows}["linear tuned"] != tuned


def test_only_a_search_that_was_begun_is_taken_up(project: Project) -> None:
    with pytest.raises(InputError, match="no tuning of this snapshot.*run `train --tune`"):
        train(project, candidates=BASELINE, tune=True, resume=True)
    tuning = project.settings.training.tuning
    told: list[str] = []
    for trials, resume in ((1, False), (3, True)):
        budget = tuning.model_copy(update={"trials": trials})
        _with(project, training__tuning=budget)
        told.clear()
        context = RunContext(on_stage=told.append)
        train(project, candidates=BASELINE, tune=True, resume=resume, context=context)
    assert [line.partition(",")[0] for line in told if "trial " in line] == [
        "linear: trial 2",
        "linear: trial 3",
    ]


def test_without_a_snapshot_training_says_to_ingest(project: Project) -> None:
    project.settings.path("var/snapshots/latest").unlink()
    with pytest.raises(SnapshotError, match="run `ingest` first"):
        train(project)


def test_lineage_is_unknown_where_there_is_neither_git_nor_lock(tmp_path: Path) -> None:
    found = code_tags(tmp_path)
    assert set(found) == {"lock_digest", "git_commit", "git_dirty"}
    (tmp_path / "poetry.lock").write_text("locked")
    assert len(code_tags(tmp_path)["lock_digest"]) == 64
