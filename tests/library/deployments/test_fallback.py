"""What serves if the champion cannot be loaded."""

import re
from pathlib import Path
from typing import Any

import msgspec

from mlops_loop._bundle import read_bundle, write_bundle
from mlops_loop._prediction_hooks import PredictionHooks
from mlops_loop._publication import Rollout
from mlops_loop._servable import PredictorFactory
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._model import Contract
from mlops_loop.serving._deployment_manager import DeploymentManager

from .answers import Seconds, answered, reasons


def test_a_damaged_bundle_is_rejected_and_the_old_one_stays(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.point("1")
    deployments.refresh()
    publisher.publish("2")
    publisher.damage("2")
    publisher.point("2")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"1"}
    assert "version 2 cannot serve" in reasons(deployments)
    publisher.point("1")
    deployments.refresh()
    assert deployments.failures == ()


def test_a_pointer_that_cannot_be_read_changes_nothing(
    deployments: DeploymentManager, publisher: Any, columns: Columns, tmp_path: Path
) -> None:
    publisher.publish("1")
    publisher.point("1")
    deployments.refresh()
    pointer = next(tmp_path.rglob("pointer.json"))
    pointer.write_bytes(b"{")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"1"}
    assert "pointer cannot be followed" in reasons(deployments)
    pointer.write_bytes(b'{"format": 1, "rollouts": {}}')
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"1"}
    assert "names no champion" in reasons(deployments)


def test_a_bundle_that_fails_is_loaded_again_once_a_minute(
    publisher: Any, predictor_factory: PredictorFactory, shop: Contract, seconds: Seconds
) -> None:
    loads: list[str] = []

    def load(bundle: Any) -> Any:
        loads.append(bundle.manifest.version)
        if len(loads) < 3:
            raise RuntimeError("out of memory")
        return predictor_factory(bundle)

    publisher.publish("1")
    publisher.point("1")
    deployments = DeploymentManager(
        publisher.store,
        features_digest=publisher.features.digest,
        predictor_factory=load,
        contract=shop,
        hooks=PredictionHooks(),
        now=seconds,
    )
    for seconds.value in range(120):
        deployments.refresh()
    assert loads == ["1"] * 2 and "out of memory" in reasons(deployments)
    # A change of the pointer is followed at once.
    publisher.publish("2")
    publisher.point("2")
    deployments.refresh()
    assert loads == ["1", "1", "2"] and deployments.failures == ()


def test_the_previous_champion_answers_if_the_champion_cannot_be_loaded_at_the_start(
    deployments: DeploymentManager, publisher: Any, columns: Columns, seconds: Seconds
) -> None:
    publisher.publish("5")
    publisher.publish("6")
    publisher.damage("6")
    rollout = Rollout(champion="6", challenger="5", probation=True, previous="5")
    publisher.store.set_rollout(publisher.key, rollout)
    for seconds.value in (0, 60):
        deployments.refresh()
        assert {row[0].version for row in answered(deployments, columns)} == {"5"}
        assert re.search(
            "version 6 cannot serve: .*run `doctor`.*; version 5 answers instead",
            reasons(deployments),
        )
    bundle = read_bundle(publisher.store.fetch("5"))
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    manifest = msgspec.structs.replace(bundle.manifest, version="6")
    draft = write_bundle(publisher.root / "drafts" / "again", manifest, files)
    publisher.store.publish(draft, replace=True)
    seconds.value = 120
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"6"}
    assert deployments.failures == ()


def test_of_several_damaged_versions_the_latest_whole_champion_answers_at_the_start(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    for version in "3456":
        publisher.publish(version)
    for version in "56":
        publisher.damage(version)
    rollout = Rollout(champion="6", previous="5", earlier=("4", "3"))
    publisher.store.set_rollout(publisher.key, rollout)
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"4"}
    assert re.search("version 6 cannot serve: .*; version 4 answers instead", reasons(deployments))


def test_an_emptied_bundle_is_like_a_damaged_one(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    """As a loss of power leaves files that were not synced."""
    publisher.publish("5")
    publisher.publish("6")
    for file in publisher.store.fetch("6").iterdir():
        file.write_bytes(b"")
    publisher.store.set_rollout(publisher.key, Rollout(champion="6", previous="5"))
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"5"}
    assert "version 6 cannot serve" in reasons(deployments)


def test_without_an_intact_bundle_nothing_serves(
    deployments: DeploymentManager, publisher: Any
) -> None:
    for version in "56":
        publisher.publish(version)
        publisher.damage(version)
    rollout = Rollout(champion="6", previous="5")
    publisher.store.set_rollout(publisher.key, rollout)
    deployments.refresh()
    assert deployments.deployment is None
    assert "version 6 cannot serve" in reasons(deployments)
    assert "instead" not in reasons(deployments)
