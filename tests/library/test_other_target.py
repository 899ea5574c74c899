"""A contract that was edited by hand until the project predicts something else."""

from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
from flights.features import FEATURES

from mlops_loop._doctor import examine
from mlops_loop._predictor import BundlePredictor
from mlops_loop._project import Project
from mlops_loop._settings import CONTRACT
from mlops_loop.errors import RegistryError
from mlops_loop.evaluation._champion import predict_with_champion
from mlops_loop.loop._state import State
from mlops_loop.prediction_log import Label, Output, Record
from mlops_loop.serving._deployment_manager import DeploymentManager

from .conftest import open_copy

NOON = datetime(2013, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def before(project: Project) -> Project:
    """A project with a champion, a labelled prediction and a loop that has stepped."""
    outputs = (Output("1", "champion", True, True, [0.2, 0.8]),)
    digest = project.contract.schema_digest
    project.log.append([Record("p", None, NOON, NOON, {}, outputs, digest)]).result()
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
    assert "about another target" in checks["loop"].finding


def test_what_predicts_something_else_is_not_promoted_kept_or_compared(after: Project) -> None:
    version = after.published().champion
    assert version is not None
    with pytest.raises(RegistryError, match="predicts arrives late"):
        after.transitions.promote(version, actor="test", reason="by hand")
    compared = predict_with_champion(after, {"x": np.zeros(3)})
    assert compared.predicted is None and "another contract" in compared.note


def test_the_loop_begins_anew_and_logged_rows_are_left_out(after: Project) -> None:
    state, revision = after.loop_state.load()
    assert (state.phase, state.champion) == ("steady", None)
    assert after.loop_state.save(state, revision)
    assert list(after.log.rows(None, None)) == []
    assert after.log.other_schemas() == 1


def test_bounds_may_change_and_the_history_stays(before: Project) -> None:
    path = before.settings.root / CONTRACT
    text = path.read_text(encoding="utf-8").replace("maximum: 2000", "maximum: 3000")
    path.write_text(text.replace("nullable: true, example: 2.5", "example: 2.5"), encoding="utf-8")
    project = open_copy(before.settings.root)
    assert project.contract.digest != before.contract.digest
    assert project.contract.schema_digest == before.contract.schema_digest
    assert project.log.other_schemas() == 0
    assert project.loop_state.load()[0].phase == "triggered"
