"""What the tests share: your project, trained once on some of its own data.

All of it happens in temporary folders with a SQLite log, whatever the settings say: tests neither
read nor change `var/`, a database or a published model.
"""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mlops_loop import Project
from mlops_loop.testing import TrainedProject, application_client, trained_project

from {{ cookiecutter.package_name }}.app import app, service
from {{ cookiecutter.package_name }}.pipeline import PIPELINE
from {{ cookiecutter.package_name }}.project import project as _project

# The data of the tests: None for that of the project, or e.g. a Parquet file beside them where
# that is large, or cannot be reached from everywhere.
SOURCE = None


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedProject:
    """Your project with a champion. It is shared: read it, and change `project` instead."""
    root = tmp_path_factory.mktemp("trained") / "project"
    return trained_project(_project, root, PIPELINE, source=SOURCE)


@pytest.fixture
def project(trained: TrainedProject, tmp_path: Path) -> Iterator[Project]:
    """A copy of the trained project at the moment after its last row, to change at will."""
    project = trained.copy(tmp_path / "project")
    yield project
    project.close()


@pytest.fixture(scope="module")
def client(
    trained: TrainedProject, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of your application, which serves a copy of the trained project."""
    served = trained.copy(tmp_path_factory.mktemp("served") / "project")
    with application_client(app, service, served) as client:
        yield client
