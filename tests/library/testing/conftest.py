"""The flights project, trained once on some of its own data."""

import pytest
from flights.pipeline import PIPELINE

from mlops_loop.testing import TrainedProject, trained_project

from ..places import FLIGHTS
from ..projects import project_in


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> TrainedProject:
    """Tests may read all of it and change nothing."""
    root = tmp_path_factory.mktemp("flights") / "project"
    return trained_project(project_in(FLIGHTS), root, PIPELINE)
