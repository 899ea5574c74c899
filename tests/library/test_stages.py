"""The stages of a pipeline: what they hand to each other, and what none of them accepts."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import mlflow
import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result
from flights import pipeline
from flights.gate import RULES
from flights.metrics import METRIC
from flights.models import CANDIDATES
from flights.pipeline import PIPELINE

from mlops_loop._project import Project
from mlops_loop._training.data import EncodedData, Rows
from mlops_loop.data._split import Split
from mlops_loop.errors import GateError, InputError, RegistryError, SnapshotError, TrainingError
from mlops_loop.evaluation._comparison import Comparison
from mlops_loop.evaluation._gate_result import GateRuleResult
from mlops_loop.evaluation._metric import Metric
from mlops_loop.loop._factory import make_controller
from mlops_loop.models import Candidate, baseline
from mlops_loop.monitoring import MonitoringPlan
from mlops_loop.pipeline import (
    DecisionRef,
    Pipeline,
    RunRef,
    SnapshotRef,
    Version,
    cross_validate,
    encode,
    export_model,
    fit_best,
    register_version,
    split,
    tune_all,
)

from . import stages
from .projects import cli, cli_with
from .stages import Trained

QUICK = [baseline.dummy(), baseline.linear()]


@pytest.fixture(scope="module")
def data(trained: Trained) -> EncodedData:
    return encode(split(trained.run.snapshot.load(trained.project)), trained.project.features)


def run(project: Project, *words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.root), *words], input=stdin)


def artifact(project: Project, ref: RunRef, name: str) -> Path:
    (found,) = (project.root / "var/mlflow-artifacts").glob(f"{ref.run_id}/artifacts/{name}")
    return found


def test_references_travel_as_json(trained: Trained) -> None:
    for ref in (trained.run.snapshot, trained.run, trained.decision):
        assert type(ref).from_json(ref.to_json()) == ref
    assert trained.decision.passed and trained.run.snapshot.rows > 1000
    with pytest.raises(InputError, match="this RunRef cannot be read"):
        RunRef.from_json(trained.run.snapshot.to_json())


def test_each_stage_is_a_command_that_finds_what_the_one_before_left(project: Project) -> None:
    until = "2013-02-20"
    ingested = run(project, "ingest", "--until", until)
    assert ingested.exit_code == 0 and "rows in snapshot" in ingested.output, ingested.output
    assert "run `evaluate` first" in run(project, "register").stderr
    fitted = run(project, "fit", "--json")
    assert fitted.exit_code == 0, (fitted.output, fitted.exception)
    ref = RunRef.from_json(fitted.stdout)
    assert ref.snapshot == SnapshotRef.latest(project)
    decided = run(project, "evaluate", "--json", "--from", "-", stdin=fitted.stdout)
    decision = DecisionRef.from_json(decided.stdout)
    assert (decision.run, decided.exit_code) == (ref, 0 if decision.passed else 3)
    registered = run(project, "register", "--json")
    version = json.loads(registered.stdout)
    assert (version["run_id"], version["passed"]) == (ref.run_id, decision.passed)
    assert [row["candidate"] for row in version["leaderboard"]["rows"]]


def test_registering_a_decision_again_gives_the_same_version(trained: Trained) -> None:
    project = trained.project
    assert pipeline.register(project, trained.decision) == trained.version
    assert len(project.registry.versions()) == 1


def test_two_processes_register_a_decision_once(project: Project, tmp_path: Path) -> None:
    """As when an orchestrator tries a task again whose first process is still running."""
    decision = pipeline.evaluate(project, stages.fit(project, SnapshotRef.latest(project), QUICK))
    with ThreadPoolExecutor(2) as pool:
        attempts = [pool.submit(register_version, project, decision) for _ in range(2)]
        first, second = (attempt.result() for attempt in attempts)
    assert first == second
    assert [version.run_id for version in project.registry.versions()].count(first.run_id) == 1


@pytest.mark.parametrize("name", ["exported/model.onnx", "exported/holdout.parquet"])
def test_a_file_of_the_run_that_was_changed_is_not_evaluated(
    project: Project, trained: Trained, name: str
) -> None:
    path = artifact(project, trained.run, name)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(RegistryError, match=f"{name} of run .* has another digest"):
        pipeline.evaluate(project, trained.run)


def test_a_decision_that_was_changed_is_not_registered(project: Project, trained: Trained) -> None:
    path = artifact(project, trained.run, "evaluation/gate.json")
    path.write_text(path.read_text().replace('"passed": true', '"passed": false'))
    with pytest.raises(RegistryError, match="evaluation/gate.json of run .* has another digest"):
        pipeline.register(project, trained.decision)


def test_a_decision_about_something_else_is_not_registered(
    project: Project, trained: Trained
) -> None:
    ref = trained.decision.run
    for name, other in (
        ("model", msgspec.structs.replace(ref, files={**ref.files, "model.onnx": "0"})),
        ("contract", msgspec.structs.replace(ref, contract="0")),
        ("features", msgspec.structs.replace(ref, features="0")),
        ("snapshot", msgspec.structs.replace(ref, snapshot=SnapshotRef("0", "", 1, ""))),
    ):
        decision = msgspec.structs.replace(trained.decision, run=other)
        with pytest.raises(GateError, match=f"decision is about another {name}"):
            pipeline.register(project, decision)
    assert len(project.registry.versions()) == 1


def test_a_contract_that_changed_meanwhile_ends_the_pipeline(
    project: Project, trained: Trained
) -> None:
    path = project.root / "config/contract.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    for stage, ref in ((pipeline.evaluate, trained.run), (pipeline.register, trained.decision)):
        with pytest.raises(GateError, match="config/contract.yaml has changed .* run `fit` again"):
            stage(project, ref)  # type: ignore[operator]


def test_held_out_rows_are_not_learnt_from(data: EncodedData) -> None:
    """The type checker says so too, see test_types.py."""
    holdout, leaderboard = data.holdout, cross_validate(QUICK, data.train, METRIC)
    with pytest.raises(TypeError, match="cross_validate takes the training rows .*, not Holdout"):
        cross_validate(QUICK, holdout, METRIC)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tune_all takes the training rows"):
        tune_all(QUICK, holdout, METRIC)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fit_best takes the training rows"):
        fit_best(leaderboard, holdout, calibrate=True)  # type: ignore[arg-type]
    model = fit_best(leaderboard, data.train, calibrate=True)
    with pytest.raises(TypeError, match="checks parity on the held-out rows .*, not TrainingData"):
        export_model(model, parity=data.train)  # type: ignore[arg-type]


def test_a_version_needs_a_decision_of_the_gate(trained: Trained) -> None:
    with pytest.raises(TypeError, match="register takes the DecisionRef .*, not RunRef"):
        pipeline.register(trained.project, trained.run)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected the RunRef that `fit` returned, not SnapshotRef"):
        pipeline.evaluate(trained.project, trained.run.snapshot)  # type: ignore[arg-type]
    made_up = DecisionRef(run=trained.run, passed=True, files={})
    with pytest.raises(RegistryError, match="names no evaluation/gate.json"):
        pipeline.register(trained.project, made_up)


def test_what_a_project_logs_goes_to_the_same_run(project: Project) -> None:
    """`mlflow.log_*` within a step of one's own, and a step after the gate."""

    def fit(project: Project, snapshot: SnapshotRef, **options: bool) -> RunRef:
        ref = stages.fit(project, snapshot, QUICK)
        with mlflow.start_run(run_id=ref.run_id):
            mlflow.log_param("weather", "rainy")
        return ref

    ref = fit(project, SnapshotRef.latest(project))
    client = project.registry.tracking.client
    assert client.get_run(ref.run_id).data.params == {"weather": "rainy"}
    nested = f"tags.`mlflow.parentRunId` = '{ref.run_id}'"
    names = {
        found.info.run_name
        for found in client.search_runs([project.registry.tracking.experiment_id], nested)
    }
    assert names == {"dummy", "linear"}


def announcing(said: list[str]) -> Pipeline:
    """The project's pipeline with a step of one's own in `train`."""

    def train(
        project: Project, snapshot: SnapshotRef, *, tune: bool = False, resume: bool = False
    ) -> Version:
        ref = stages.fit(project, snapshot, QUICK)
        decision = pipeline.evaluate(project, ref)
        said.append(f"{project.context.actor}: {'passed' if decision.passed else 'rejected'}")
        return pipeline.register(project, decision)

    return replace(PIPELINE, train=train)


def test_a_step_of_ones_own_runs_in_the_command_and_in_the_loop(
    project: Project, parcels: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    own = announcing(said)
    command = cli_with(lambda: own)
    result = CliRunner().invoke(command, ["--root", str(project.root), "train", "--json"])
    assert result.exit_code in (0, 3), (result.output, result.exception)
    assert len(said) == 1
    for path in project.paths.var.glob("bundles/pointer.json"):
        path.unlink()
    project.paths.audit_log.unlink()
    step = make_controller(project, lambda: own, MonitoringPlan()).step()
    assert said[1].startswith("loop: ")
    assert [entry.kind for entry in step.entries][0] == "retrain"


def test_a_splitter_of_ones_own(trained: Trained) -> None:
    rows = trained.run.snapshot.load(trained.project)

    def by_depot(rows: Rows) -> Split:
        held_out = rows.columns["from depot"] == "north"
        return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))

    partition = split(rows, splitter=by_depot)
    assert set(partition.holdout.columns["from depot"]) == {"north"}
    assert set(partition.train.columns["from depot"]) == {"east", "west"}
    assert len(partition.folds) == rows.settings.training.folds
    both = Split(np.arange(100), np.arange(50, 150))
    with pytest.raises(SnapshotError, match="50 rows both for training and held out"):
        split(rows, splitter=lambda rows: both)


def test_a_metric_of_ones_own_decides(project: Project) -> None:
    def share_wrong(labels: np.ndarray, predicted: np.ndarray) -> float:
        return float((predicted.argmax(axis=1) != labels).mean())

    wrong = Metric("share_wrong", share_wrong, greater_is_better=False, problems=("binary",))
    ref = stages.fit(project, SnapshotRef.latest(project), QUICK, metric=wrong)
    decision = stages.evaluate(project, ref, RULES, metric=wrong)
    version = pipeline.register(project, decision)
    result = Trained(project, ref, decision, version)
    assert result.leaderboard.metric == result.gate.metric == "share_wrong"
    assert result.gate.summary().startswith("share_wrong on ")


def test_a_gate_rule_of_ones_own_rejects(project: Project, trained: Trained) -> None:
    def never(comparison: Comparison) -> GateRuleResult:
        return GateRuleResult(False, "Not on a Friday.", {"fridays": 1.0})

    decision = stages.evaluate(project, trained.run, [*RULES, never])
    assert not decision.passed
    text = artifact(project, trained.run, "evaluation/gate.json").read_text()
    assert "Not on a Friday." in text
    metrics = project.registry.tracking.client.get_run(trained.run.run_id).data.metrics
    assert metrics["gate_fridays"] == 1.0


def test_a_candidate_without_onnx_form_says_so_and_cannot_win(data: EncodedData) -> None:
    def no_converter(estimator: object, features: int) -> bytes:
        raise NotImplementedError("no converter for Oracle")

    trees = CANDIDATES[-1]
    oracle = replace(trees, name="oracle", to_onnx=no_converter)
    board = cross_validate([*QUICK, oracle], data.train, METRIC)
    by_name = {row.candidate: row for row in board.rows}
    assert (
        "oracle cannot be converted to ONNX (NotImplementedError: no conv"
        in by_name["oracle"].ineligible
    )
    assert board.winner.candidate == "linear"
    assert "oracle cannot win: oracle cannot be converted" in board.table()
    assert "oracle cannot win: oracle cannot be converted" in board.markdown()
    assert fit_best(board, data.train, calibrate=False).candidate.name == "linear"
    alone = cross_validate([QUICK[0], oracle], data.train, METRIC)
    with pytest.raises(TrainingError, match="no candidate can win .*see models.py"):
        fit_best(alone, data.train, calibrate=True)


def test_candidates_that_make_no_sense_are_named(data: EncodedData) -> None:
    linear = QUICK[1]
    regression = Candidate("only", linear.build, problems=("regression",))
    for candidates, message in (
        ([linear], "there is no baseline, e.g. baseline.dummy\\(\\) for a binary problem"),
        ([QUICK[0], regression], "there is no candidate for a binary problem"),
        ([*QUICK, linear], "two candidates are named 'linear'"),
        ([QUICK[0], baseline.linear(strength="much")], "linear cannot be fitted"),
    ):
        with pytest.raises(TrainingError, match=message):
            cross_validate(candidates, data.train, METRIC)


def test_any_estimator_of_scikit_learn_is_a_candidate(data: EncodedData) -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline

    own = Candidate("bayes", lambda task, parameters: make_pipeline(SimpleImputer(), GaussianNB()))
    board = cross_validate([*QUICK, own], data.train, METRIC)
    (row,) = (row for row in board.rows if row.candidate == "bayes")
    assert not row.ineligible and row.metrics["log_loss"] > 0
