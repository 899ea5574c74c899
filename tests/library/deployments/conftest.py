from functools import partial
from typing import Any

import pytest

from mlops_loop._feature_set import FeatureSet
from mlops_loop._prediction_hooks import PredictionHooks
from mlops_loop._predictor import BundlePredictor
from mlops_loop._servable import PredictorFactory
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract
from mlops_loop.serving._deployment_manager import DeploymentManager

from .answers import Seconds


@pytest.fixture
def predictor_factory() -> PredictorFactory:
    return partial(BundlePredictor, features=FeatureSet())


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
