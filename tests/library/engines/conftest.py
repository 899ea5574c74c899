"""Workers that the tests of a file share, since starting them takes seconds, and projects on them.

Workers end with the file: other tests look at the threads and sockets of this process.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from flights import pipeline

from mlops_loop._project import Project

from ..conftest import open_copy
from .clusters import cluster


@pytest.fixture(scope="module")
def dask() -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with cluster(2) as address:
        yield address


@pytest.fixture(scope="session")
def spark() -> str:
    """The address of Spark on this machine."""
    assert find_spec("pyspark"), "PySpark is not installed: `make test-real` installs it"
    assert shutil.which("java"), "java is not on PATH: install Java 17 or later"
    return "spark://local?workers=2"


@pytest.fixture
def here(tracking_store: Path, tmp_path: Path) -> Project:
    """A project with a snapshot in several row groups."""
    shutil.copytree(tracking_store, tmp_path / "project")
    project = open_copy(tmp_path / "project")
    snapshot = pipeline.ingest(project, until=datetime(2013, 3, 1, tzinfo=UTC))
    path = project.paths.snapshots / f"{snapshot.digest}.parquet"
    pq.write_table(pq.read_table(path), path, row_group_size=700)
    return project


@pytest.fixture
def there(here: Project, dask: str) -> Project:
    """The same on two workers."""
    return here.with_engine(dask)
