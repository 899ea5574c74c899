"""Workers that the tests of a file share, since starting them takes seconds.

They end with the file: other tests look at the threads and sockets of this process.
"""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

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
