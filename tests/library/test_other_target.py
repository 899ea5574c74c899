"""A contract that was edited by hand until the project predicts something else."""

from datetime import UTC, datetime
from functools import partial

import pytest
from click.testing import CliRunner, Result
from flights import pipeline
from flights.features import FEATURES
from flights.models import CANDIDATES

from mlops_loop._doctor.project_checks import examine
from mlops_loop._predictor import BundlePredictor
from mlops_loop._project import Project
from mlops_loop._publication import Rollout
from mlops_loop._references import SnapshotRef
from mlops_loop._settings import CONTRACT
from mlops_loop._status import project_status
from mlops_loop.cli._common import actor
from mlops_loop.contract import Contract
from mlops_loop.evaluation import GateRuleResult
from mlops_loop.loop._state import State
from mlops_loop.prediction_log import Label, Output, Record
from mlops_loop.registry import Version
from mlops_loop.registry._attempt import gate_result
from mlops_loop.serving._deployment_manager import DeploymentManager

from .conftest import open_copy
from .projects import cli
from .stages import evaluate, fit

NO_CHAMPION = (
    "there is no champion for the contract's target: version 1 predicts arrives late (binary, "
    "boolean), and the contract's target is gift? (binary, boolean): train a new version"
)
NOON = datetime(2013, 2, 1, 12, tzinfo=UTC)


def record(prediction_id: str, contract: Contract) -> Record:
    outputs = (Output("1", "champion", True, True, [0.2, 0.8]),)
    digests = contract.schema_digest, contract.target_digest
    return Record(prediction_id, None, NOON, NOON, {}, outputs, *digests)


def run(project: Project, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(project.root), *words])


def train_leniently(project: Project) -> Version:
    """Train with a gate that accepts every model; gifts cannot be predicted."""
    run = fit(project, SnapshotRef.latest(project), CANDIDATES)
    decision = evaluate(project, run, [lambda comparison: GateRuleResult(True, "It is accepted.")])
    return pipeline.register(project, decision)


@pytest.fixture
def before(project: Project) -> Project:
    """A project with a champion, a labelled prediction and a loop that has stepped."""
    project.log.append([record("p", project.contract)]).result()
    project.log.add_labels([Label("p", True, NOON)])
    assert project.loop_state.save(State(phase="triggered", champion="1"), 0)
    project.log.close()
    return project


@pytest.fixture
def after(before: Project) -> Project:
    """The same project, now about gifts instead of late parcels."""
    path = before.settings.root / CONTRACT
    text = path.read_text(encoding="utf-8")
    text = text.replace(
        '"gift?": {type: boolean, nullable: true}', '"gift?": {type: boolean, role: X}'
    )
    text = text.replace("role: target", "role: ignore").replace("role: X", "role: target")
    path.write_text(text, encoding="utf-8")
    return open_copy(before.settings.root)


def test_the_service_does_not_serve_what_predicts_something_else(after: Project) -> None:
    manager = DeploymentManager(
        after.bundles,
        features_digest=FEATURES.digest,
        contract=after.contract,
        predictor_factory=partial(BundlePredictor, features=FEATURES),
        hooks=after.hooks,
    )
    manager.refresh()
    assert manager.deployment is None
    (failure,) = manager.failures
    assert "predicts arrives late (binary, boolean)" in failure.reason
    assert "target is gift? (binary, boolean): train a new version" in failure.reason


def test_the_doctor_finds_all_that_is_about_something_else(after: Project) -> None:
    checks = {check.name: check for check in examine(after)}
    assert not checks["bundles"].passed and "arrives late" in checks["bundles"].finding
    assert "1 of another target or other inputs are not counted" in checks["log"].finding
    assert "1 versions have another target or other inputs" in checks["registry"].finding
    assert "a new version, or restore config/contract.yaml" in checks["bundles"].finding
    assert "about another target" in checks["loop"].finding


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["score", "rows.parquet", "out.parquet"], NO_CHAMPION),
        (["explain"], NO_CHAMPION),
        (["challenge", "1"], NO_CHAMPION),
        (["promote", "1"], "version 1 cannot serve: version 1 predicts arrives late"),
        (["monitor", "--version", "1"], "version 1 predicts arrives late"),
        (["rollback"], "version 1, which predicts another target, arrives late (binary, boolean)"),
        (["train"], "has another target or other inputs than the contract: run `ingest` again"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_commands_say_in_a_sentence_that_it_predicts_something_else(
    after: Project, words: list[str], message: str
) -> None:
    result = run(after, *words)
    assert result.exit_code == 2 and message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_reports_name_what_is_left_out(after: Project) -> None:
    left_out = "1 of another target or other inputs"
    assert NO_CHAMPION in run(after, "status").stdout
    assert f"not counted: {left_out}" in run(after, "status").stdout
    monitored = run(after, "monitor", "--no-page").stdout
    assert NO_CHAMPION in monitored
    assert "1 predictions of another target or other inputs are left out" in monitored
    exported = run(after, "log", "export", "--to", str(after.root / "log.csv"))
    assert exported.stdout.endswith(f"; {left_out} left out\n")
    listed = run(after, "models").stdout
    assert ", another target: arrives late (binary, boolean)" in listed
    assert "Versions of another target serve only with the contract of that target." in listed


def test_a_version_for_the_target_becomes_champion_without_a_trial(after: Project) -> None:
    """It would wait for a comparison with one that cannot serve beside it for ever."""
    assert after.settings.loop.promotion == "live"
    assert run(after, "ingest").exit_code == 0
    version = train_leniently(after)
    assert version.aliases == ("champion",)
    assert after.published() == Rollout(champion=version.version)
    summary = gate_result(after.registry, version).summary()
    assert "Compared with the baseline only: there is no champion for the contract's tar" in summary
    restored = open_copy(after.root)
    path = after.root / CONTRACT
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("role: target", "nullable: true").replace("role: ignore", "role: target"),
        encoding="utf-8",
    )
    assert restored.published().champion == "1"
    assert restored.transitions.reconcile() == []


def test_labels_are_not_stored_for_predictions_about_something_else(after: Project) -> None:
    after.log.append([record("own", after.contract)]).result()
    file = after.root / "labels.csv"
    file.write_text("prediction_id,label\np,false\nown,false\n", encoding="utf-8")
    result = run(after, "label", str(file))
    assert result.stdout.startswith("1 joined, 0 without")
    assert "left out: 1 of predictions about another target than gift? (binary" in result.stderr
    row, other = after.log.get("own"), after.log.get("p")
    assert row is not None and other is not None
    assert row.label is not None and row.label.authority == f"user {actor()}"
    assert other.label is not None and other.label.label is True


def test_the_loop_begins_anew_and_logged_rows_are_left_out(after: Project) -> None:
    state, revision = after.loop_state.load()
    assert (state.phase, state.champion) == ("steady", None)
    assert after.loop_state.save(state, revision)
    assert list(after.log.rows(None, None)) == []
    assert after.log.other_schemas() == 1


def test_status_and_doctor_agree_on_the_loop_after_the_contract_was_restored(
    before: Project, after: Project
) -> None:
    contract = after.settings.root / CONTRACT
    state, revision = after.loop_state.load()
    assert after.loop_state.save(State(reason="nothing is published"), revision)
    contract.write_text(before.contract.text, encoding="utf-8")
    project = open_copy(after.root)
    loop = project_status(project).loop
    assert loop["reason"].startswith("promote: version 1: the first model")
    (found,) = [check.finding for check in examine(project) if check.name == "loop"]
    assert found == f"{loop['state']}: {loop['reason']}"


def test_a_champion_whose_input_is_not_in_the_contract_is_named(before: Project) -> None:
    path = before.root / CONTRACT
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("weight (kg): {", "weight (kg): {role: ignore, "), "utf-8")
    message = "version 1 needs the column weight (kg) (number), which the contract does not have"
    scored = run(before, "score", str(before.root / "parcels.parquet"), "out.parquet")
    assert scored.exit_code == 2 and message in scored.stderr
    assert message in run(before, "doctor").stdout
    assert run(before, "explain").exit_code == 0


def test_bounds_may_change_and_the_history_stays(before: Project) -> None:
    path = before.settings.root / CONTRACT
    text = path.read_text(encoding="utf-8").replace("maximum: 2000", "maximum: 3000")
    path.write_text(text.replace("nullable: true, example: 2.5", "example: 2.5"), encoding="utf-8")
    project = open_copy(before.settings.root)
    assert project.contract.digest != before.contract.digest
    assert project.contract.schema_digest == before.contract.schema_digest
    assert project.log.other_schemas() == 0
    assert project.loop_state.load()[0].phase == "triggered"
