"""What tests of training on an engine share."""

import pytest

from mlops_loop._project import Project
from mlops_loop._training.data import EncodedData
from mlops_loop.models import lightgbm, xgboost
from mlops_loop.pipeline import SnapshotRef, encode, split

BOOSTING = pytest.mark.parametrize(
    "candidate", [lightgbm.trees(), xgboost.trees()], ids=["lightgbm", "xgboost"]
)


def encoded(project: Project) -> EncodedData:
    """The rows of the latest snapshot, split and encoded."""
    return encode(split(SnapshotRef.latest(project).load(project)), project.features)
