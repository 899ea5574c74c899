"""One server for all tests, since it takes long to make, and a schema for each."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest

from mlops_loop.prediction_log import PredictionLog

from ...store_server import opened
from ...stores.postgresql import Server

NUMBERS = count()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("postgresql") / "server")
    yield server
    server.remove()


@pytest.fixture
def server(shared: Server) -> Iterator[Server]:
    """The server as it was made, whatever a test has done to its settings."""
    yield shared
    shared.reset()


@pytest.fixture
def address(server: Server) -> str:
    return f"{server.address}?name=log{next(NUMBERS)}"


@pytest.fixture
def schema(address: str) -> str:
    """Where the tables of the log at the address are."""
    return address.partition("name=")[2]


@pytest.fixture
def log(address: str) -> Iterator[PredictionLog]:
    with closing(opened(address)) as log:
        yield log
