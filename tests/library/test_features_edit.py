"""After an edit of `features.py`: the next version is compared with the champion of before."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner
from flights import features as flights_features
from flights.cli import load_monitoring, load_pipeline
from flights.features import FEATURES

from mlops_loop import Composition
from mlops_loop._bundle import read_bundle
from mlops_loop._explanation.run import explain_logged
from mlops_loop._feature_set import FeatureSet
from mlops_loop._lineage import trace
from mlops_loop._packaged_features import packaged_features
from mlops_loop._project import Project
from mlops_loop.cli import command_line
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._json_schema import example_row
from mlops_loop.errors import InputError, RegistryError
from mlops_loop.evaluation import _champion_predictions
from mlops_loop.prediction_log import Output, Record
from mlops_loop.registry import ChampionChange
from mlops_loop.registry._version import HOLD_TAG

from .projects import cli, project_in
from .stages import train

NOON = datetime(2013, 3, 2, 12, tzinfo=UTC)
MORE = """

@FEATURES.feature(inputs=("departure_minute",), output="number")
def departure_hour(departure_minute: Floats) -> Floats:
    return departure_minute // 60
"""


@pytest.fixture
def edited(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project with a champion, and a `features.py` that was edited since."""
    package = tmp_path / "edited_flights"
    package.mkdir()
    (package / "__init__.py").touch()
    code = Path(flights_features.__file__).read_text(encoding="utf-8")
    (package / "features.py").write_text(code + MORE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    features = import_module("edited_flights.features").FEATURES
    monkeypatch.delitem(sys.modules, "edited_flights.features")
    monkeypatch.delitem(sys.modules, "edited_flights")
    assert features.digest != FEATURES.digest
    return project_in(project.root, features=features)


def packaged(project: Project) -> Path:
    """The features in the model of version 1."""
    run = project.registry.version("1").run_id
    (found,) = (project.root / "var/mlflow-artifacts").glob(
        f"{run}/artifacts/model/code/flights/features.py"
    )
    return found


@pytest.mark.parametrize("command", ["status", "doctor", "score missing.csv out.csv"])
def test_commands_name_the_champion_of_the_features_before(edited: Project, command: str) -> None:
    composition = Composition(edited, load_pipeline, load_monitoring)
    result = CliRunner().invoke(command_line(lambda: composition), command.split())
    assert "version 1 has other features" in result.output
    assert "none yet" not in result.output and "nothing published" not in result.output


def test_doctor_warns_that_the_champion_has_other_features(edited: Project) -> None:
    composition = Composition(edited, load_pipeline, load_monitoring)
    result = CliRunner().invoke(command_line(lambda: composition), ["doctor"])
    assert result.exit_code == 0
    (warning,) = (line for line in result.output.splitlines() if "has other features" in line)
    assert warning.startswith("WARN champion ") and "version 1" in warning
    assert warning.endswith("run `train`, or restore features.py")


def test_the_champion_is_compared_through_its_own_features(edited: Project) -> None:
    result = train(edited)
    assert result.gate.passed and not result.gate.hold
    assert "Champion 1 predicted with its own features" in result.gate.summary()
    assert FEATURES.digest in result.gate.summary()
    assert "A trial beside it is not possible" in result.gate.summary()
    assert abs(result.gate.metrics["gain_over_champion"]) < 0.05
    # Nothing but the gate decides, so the strict rule holds.
    assert "It is not worse than the champion by more than" in result.gate.summary()
    assert result.became == "champion"
    card = edited.registry.read_text(result.run.run_id, "model_card.md")
    assert card is not None and "Champion 1 predicted with its own features" in card
    shown = CliRunner().invoke(cli, ["--root", str(edited.root), "models"]).output
    assert "1        champion  current" in shown
    assert f"2        champion  {edited.features.digest[:8]}" in shown


def test_a_prediction_of_before_is_explained_and_traced_with_its_own_features(
    edited: Project,
) -> None:
    row = example_row(edited.contract) | {"gift?": True, "weight (kg)": 3.5}
    output = Output("1", "champion", True, True, [0.4, 0.6])
    edited.log.append([Record("p", None, NOON, NOON, row, (output,))]).result()
    explanation = explain_logged(edited, "p")
    assert explanation.version == "1"
    predictor = project_in(edited.root).load_predictor(read_bundle(edited.bundles.fetch("1")))
    probabilities = predictor.predict(check_rows(edited.contract, [row]).columns).probabilities
    assert probabilities is not None
    assert explanation.score == pytest.approx(probabilities[0, 1])
    assert f"  features: {FEATURES.digest}" in trace(edited, "p").messages()
    packaged(edited).unlink()
    with pytest.raises(InputError, match="version 1, which predicted p, cannot be explained.*feat"):
        explain_logged(edited, "p")


def test_services_of_the_old_code_go_on_with_their_champion(edited: Project) -> None:
    assert edited.published().champion is None
    train(edited)
    pointer = edited.bundles.pointer()
    assert pointer.rollout(project_in(edited.root).rollout_key).champion == "1"
    assert pointer.rollout(edited.rollout_key).champion == "2"
    assert edited.registry.alias("champion") == "2"
    old = project_in(edited.root)
    assert old.transitions.reconcile() == []
    assert edited.registry.alias("champion") == "2"


def test_callbacks_get_the_champion_of_other_features(edited: Project) -> None:
    changes: list[ChampionChange] = []
    edited.callbacks = {"promote": [changes.append]}
    result = train(edited)
    assert [(change.version, change.previous) for change in changes] == [("2", "1")]
    assert changes[0].reason == result.gate.summary()


def test_the_way_back_is_to_deploy_the_old_code(edited: Project) -> None:
    edited.registry.tag("1", "git_commit", "4f1c0de")
    train(edited)
    with pytest.raises(
        RegistryError, match="previous champion is version 1.*deploy commit 4f1c0de"
    ):
        edited.transitions.rollback(actor="test", reason="worse")
    with pytest.raises(RegistryError, match="other features .* or deploy commit 4f1c0de"):
        edited.transitions.promote("1", actor="test", reason="worse")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "features.py cannot be imported"),
        (lambda path: path.write_text("import gone"), "ModuleNotFoundError: No module named"),
        (lambda path: path.write_text(path.read_text() + "EXTRA = 1\n"), "have the digest"),
    ],
)
def test_a_version_that_cannot_be_compared_is_not_promoted(
    edited: Project, damage: object, reason: str
) -> None:
    damage(packaged(edited))  # type: ignore[operator]
    result = train(edited)
    assert result.gate.passed and result.became is None
    assert "Not compared: champion 1 has other features" in result.gate.summary()
    assert reason in result.gate.hold == result.version.tags[HOLD_TAG]
    assert edited.published().champion is None
    edited.transitions.promote(result.version.version, actor="test", reason="by hand")
    assert edited.published().champion == result.version.version


def test_an_internal_error_of_the_comparison_is_not_a_hold(
    edited: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(_champion_predictions, "scores_of", fail)
    with pytest.raises(ZeroDivisionError):
        train(edited)


def test_a_feature_of_the_champion_that_fails_is_a_hold(
    edited: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such airport")

    @contextmanager
    def failing_features(*_: object) -> Iterator[FeatureSet]:
        declared = {
            name: replace(feature, function=fail) for name, feature in FEATURES.declared.items()
        }
        yield FeatureSet(FEATURES.module, declared)

    monkeypatch.setattr(_champion_predictions, "packaged_features", failing_features)
    result = train(edited)
    assert "ValueError: no such airport" in result.gate.hold and result.became is None


def test_a_manual_promotion_stays_manual(edited: Project) -> None:
    loop = edited.settings.loop.model_copy(update={"promotion": "manual"})
    edited.settings = edited.settings.model_copy(update={"loop": loop})
    assert train(edited).became is None


def test_old_features_are_loaded_beside_the_present_ones(project: Project) -> None:
    bundle = read_bundle(project.bundles.fetch("1"))
    before = set(sys.modules)
    with packaged_features(project.registry, bundle) as features:
        assert features.digest == FEATURES.digest
        assert features is not FEATURES
        assert features.module.startswith("_flights_")
    assert set(sys.modules) == before
    assert import_module("flights.features").FEATURES is FEATURES
