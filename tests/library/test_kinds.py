"""What a prediction counts as in the metrics."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mlops_loop.evaluation._holdout_evaluation import deciles_of
from mlops_loop.serving._deployment import Deployment, ServedVersion


def served(
    role: Any = "champion", classes: Any = (), prediction_deciles: Any = ()
) -> ServedVersion:
    manifest = SimpleNamespace(version="1", prediction_deciles=prediction_deciles)
    predictor: Any = SimpleNamespace(contract=SimpleNamespace(classes=classes), manifest=manifest)
    return ServedVersion(role, predictor)


def prediction_deciles(predicted: Any) -> tuple[float, ...]:
    return deciles_of(predicted)


@pytest.mark.parametrize(
    ("classes", "prediction", "kind"),
    [((False, True), True, "true"), (("low", "high"), "low", "low"), ((0, 1), 1, "1")],
)
def test_a_class_counts_as_itself(classes: Any, prediction: Any, kind: str) -> None:
    assert served(classes=classes).prediction_bucket(prediction) == kind


def test_numbers_like_those_held_out_fill_the_tenths_alike() -> None:
    held_out = np.random.default_rng(1).lognormal(size=1_000)
    one = served(prediction_deciles=prediction_deciles(held_out))
    counted = Counter(one.prediction_bucket(number) for number in held_out.tolist())
    assert counted == {f"{10 * tenth}%": 100 for tenth in range(1, 11)}
    assert one.prediction_bucket(-1e9) == "10%" and one.prediction_bucket(1e9) == "100%"


def test_a_model_that_knows_no_tenths_counts_all_numbers_as_one() -> None:
    assert served().prediction_bucket(3.5) == "any"
    assert prediction_deciles(np.ones((7, 2))) == ()


def test_each_variant_counts_by_its_own_tenths() -> None:
    small, large = tuple(range(1, 10)), tuple(range(10, 100, 10))
    both = Deployment(
        served(prediction_deciles=small), served("challenger", prediction_deciles=large)
    )
    assert both.in_role("champion").prediction_bucket(5.0) == "50%"
    assert both.in_role("challenger").prediction_bucket(5.0) == "10%"
