import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Literal

import msgspec
import numpy as np
import pytest

from mlops_loop._bundle import CONTRACT, read_bundle, write_bundle
from mlops_loop._feature_set import FeatureSet
from mlops_loop._prediction_hooks import PredictionHooks
from mlops_loop._predictor import BundlePredictor
from mlops_loop._publication import Rollout
from mlops_loop._servable import PredictorFactory
from mlops_loop._traffic_split import bucket
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract
from mlops_loop.prediction_log._records import Output
from mlops_loop.serving._deployment_manager import (
    DeploymentManager,
    PointerWatcher,
)
from mlops_loop.serving._identifiers import new_ids


@pytest.fixture
def predictor_factory() -> PredictorFactory:
    return partial(BundlePredictor, features=FeatureSet())


class Seconds:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.value = 0.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def deployments(
    publisher: Any, predictor_factory: PredictorFactory, shop: Contract, seconds: Seconds
) -> DeploymentManager:
    return DeploymentManager(
        publisher.store,
        features_digest=publisher.features.digest,
        predictor_factory=predictor_factory,
        contract=shop,
        hooks=PredictionHooks(),
        now=seconds,
    )


@pytest.fixture
def columns(shop: Contract) -> Columns:
    return check_rows(shop, [example_row(shop)] * 400).columns


def answered(deployments: DeploymentManager, columns: Columns) -> list[tuple[Output, ...]]:
    assert deployments.deployment is not None
    keys = [f"customer {number}" for number in range(len(columns["price"]))]
    return deployments.deployment.predict(columns, keys)


def reasons(deployments: DeploymentManager) -> str:
    return "; ".join(failure.reason for failure in deployments.failures)


def test_with_nothing_published_nothing_serves(deployments: DeploymentManager) -> None:
    deployments.refresh()
    assert deployments.deployment is None
    assert deployments.failures == ()


def test_the_pointer_is_followed(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"1"}
    publisher.point("2")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"2"}


def test_in_shadow_both_predict_and_the_champion_answers(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1", 0.25)
    publisher.publish("2", 0.75)
    publisher.point("1", "2")
    deployments.refresh()
    served, shadow = answered(deployments, columns)[0]
    assert (served.version, served.variant, served.served) == ("1", "champion", True)
    assert (shadow.version, shadow.variant, shadow.served) == ("2", "challenger", False)
    assert (served.prediction, shadow.prediction) == (False, True)
    assert shadow.probabilities == [0.25, 0.75]


def test_a_split_gives_the_challenger_its_share_by_key(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode="split", share=0.25)
    deployments.refresh()
    first = [row[0].version for row in answered(deployments, columns)]
    assert first.count("2") == pytest.approx(100, abs=30)
    assert all(len(row) == 1 and row[0].served for row in answered(deployments, columns))
    publisher.point("1", "2", mode="split", share=0.5)
    deployments.refresh()
    second = [row[0].version for row in answered(deployments, columns)]
    # Keys that got the challenger keep it when its share grows.
    assert {n for n, v in enumerate(first) if v == "2"} < {
        n for n, v in enumerate(second) if v == "2"
    }


@pytest.mark.parametrize(("share", "version"), [(0.0, "1"), (1.0, "2")])
def test_a_split_may_be_all_or_nothing(
    deployments: DeploymentManager, publisher: Any, columns: Columns, share: float, version: str
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode="split", share=share)
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {version}


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


def test_a_model_that_cannot_predict_the_example_is_rejected(
    deployments: DeploymentManager, publisher: Any
) -> None:
    publisher.publish("1", columns=99)
    publisher.point("1")
    deployments.refresh()
    assert deployments.deployment is None
    assert "version 1 cannot serve" in reasons(deployments)


def test_a_model_of_another_contract_than_it_came_with_is_rejected(
    deployments: DeploymentManager, publisher: Any
) -> None:
    publisher.publish("1")
    folder = publisher.store.fetch("1")
    bundle = read_bundle(folder)
    other = b"{problem: binary, label_horizon: 1d, columns: {size: {type: number}, "
    other += b"returned: {type: boolean, role: target}}}"
    files = {name: bundle.read(name) for name in bundle.manifest.files} | {CONTRACT: other}
    write_bundle(folder, bundle.manifest, files)
    publisher.point("1")
    deployments.refresh()
    assert deployments.deployment is None
    assert re.search("needs the column .* which its contract does not have", reasons(deployments))


def test_a_missing_version_is_loaded_when_it_is_published(
    deployments: DeploymentManager, publisher: Any, seconds: Seconds
) -> None:
    publisher.point("1")
    deployments.refresh()
    assert "not published" in reasons(deployments)
    publisher.publish("1")
    seconds.value = 60
    deployments.refresh()
    assert deployments.deployment is not None
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


def test_a_challenger_that_needs_other_columns_is_rejected(
    deployments: DeploymentManager, publisher: Any, shop: Contract, columns: Columns
) -> None:
    text = shop.text.replace("  returned:", "  weight: {type: number, example: 1.0}\n  returned:")
    publisher.publish("1")
    publisher.publish("2", contract=parse_contract(text))
    publisher.point("1", "2")
    deployments.refresh()
    assert deployments.deployment is not None and deployments.deployment.challenger is None
    assert "needs the column weight" in reasons(deployments)


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


class Fragile:
    """A predictor that fails once it has been loaded."""

    def __init__(self, predictor: Any) -> None:
        self.manifest, self.contract = predictor.manifest, predictor.contract
        self._left = 1

    def predict(self, columns: Columns) -> Any:
        if not self._left:
            raise RuntimeError("broken")
        self._left -= 1


@pytest.mark.parametrize("mode", ["shadow", "split"])
def test_a_challenger_that_fails_costs_no_prediction(
    mode: Literal["shadow", "split"],
    publisher: Any,
    predictor_factory: PredictorFactory,
    columns: Columns,
    shop: Contract,
) -> None:
    def load(bundle: Any) -> Any:
        predictor = predictor_factory(bundle)
        return Fragile(predictor) if bundle.manifest.version == "2" else predictor

    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode=mode)
    deployments = DeploymentManager(
        publisher.store,
        features_digest=publisher.features.digest,
        predictor_factory=load,
        contract=shop,
        hooks=PredictionHooks(),
    )
    deployments.refresh()
    assert {(len(row), row[0].version) for row in answered(deployments, columns)} == {(1, "1")}


def test_outputs_are_timed_while_there_are_two_versions(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    deployments.refresh()
    assert {output.seconds for row in answered(deployments, columns) for output in row} == {None}
    for mode in ("shadow", "split"):
        publisher.point("1", "2", mode=mode)
        deployments.refresh()
        times = [output.seconds for row in answered(deployments, columns) for output in row]
        assert all(0 < (seconds or 0) < 5 for seconds in times)


def test_a_watched_pointer_is_followed_while_requests_run(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    deployments.refresh()
    watcher = PointerWatcher(deployments, interval=0.005)
    watcher.start()
    done = Event()

    def call() -> set[str]:
        seen = set()
        while not done.is_set():
            versions = {row[0].version for row in answered(deployments, columns)}
            assert len(versions) == 1
            seen |= versions
        return seen

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(call) for _ in range(2)]
        for number in range(20):
            publisher.point("12"[number % 2])
            time.sleep(0.01)
        done.set()
        assert [call.result() for call in calls] == [{"1", "2"}] * 2
    watcher.stop()


def test_ids_sort_by_time_and_differ() -> None:
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    early = set(new_ids(moment, 1000))
    (late,) = new_ids(datetime(2013, 1, 1, 0, 0, 1, tzinfo=UTC), 1)
    assert len(early) == 1000
    assert max(early) < late
    assert {(text[14], text[19] in "89ab", len(text)) for text in early} == {("7", True, 36)}


def test_buckets_are_even_and_depend_on_the_challenger() -> None:
    drawn = np.array([bucket(str(number), "1") for number in range(4000)])
    other = np.array([bucket(str(number), "2") for number in range(4000)])
    assert np.histogram(drawn, 4, (0, 1))[0] == pytest.approx([1000] * 4, abs=150)
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.1


def test_the_previous_champion_answers_if_the_champion_cannot_be_loaded_at_the_start(
    deployments: DeploymentManager, publisher: Any, columns: Columns, seconds: Seconds
) -> None:
    publisher.publish("5")
    publisher.publish("6")
    publisher.damage("6")
    rollout = Rollout(champion="6", challenger="5", probation=True, previous="5")
    publisher.store.set_rollout(publisher.features.digest, rollout)
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


def test_without_an_intact_bundle_nothing_serves(
    deployments: DeploymentManager, publisher: Any
) -> None:
    for version in "56":
        publisher.publish(version)
        publisher.damage(version)
    rollout = Rollout(champion="6", previous="5")
    publisher.store.set_rollout(publisher.features.digest, rollout)
    deployments.refresh()
    assert deployments.deployment is None
    assert "version 6 cannot serve" in reasons(deployments)
    assert "instead" not in reasons(deployments)
