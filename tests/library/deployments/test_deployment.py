"""Predictions of champion and challenger together."""

from typing import Any, Literal

import pytest

from mlops_loop._prediction_hooks import PredictionHooks
from mlops_loop._servable import PredictorFactory
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._model import Contract
from mlops_loop.serving._deployment_manager import DeploymentManager

from .answers import answered


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
