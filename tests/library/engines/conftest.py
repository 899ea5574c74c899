"""Workers that the tests of this folder share, since starting them takes seconds."""

from collections.abc import Iterator

import pytest

from .clusters import cluster


@pytest.fixture(scope="session")
def dask() -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with cluster(2) as address:
        yield address
