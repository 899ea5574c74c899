"""Importance by column of the contract."""

import pytest

from mlops_loop import FeatureSet
from mlops_loop._bundle import read_bundle
from mlops_loop.evaluation._importance import by_column
from mlops_loop.evaluation._measured import Importance

from .stages import Trained


def test_the_importance_of_a_feature_is_that_of_its_inputs() -> None:
    features = FeatureSet()

    @features.feature(inputs=("width", "height"), output="number")
    def area(width, height):  # type: ignore[no-untyped-def]
        return width * height

    measured = Importance("area", 0.4), Importance("width", 0.1), Importance("sent_month", 0.3)
    expected = {"width": 0.3, "height": 0.2, "sent_month": 0.3}
    assert by_column(measured, features) == pytest.approx(expected)


def test_a_bundle_carries_the_importance_of_the_columns_for_monitoring(trained: Trained) -> None:
    project = trained.project
    champion = project.published().champion
    assert champion is not None
    manifest = read_bundle(project.bundles.fetch(champion)).manifest
    assert {"departure_minute", "temperature", "weight (kg)"} <= set(manifest.importances)
