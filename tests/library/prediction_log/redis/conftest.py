"""A server for each test, to do with as it likes, and a log in it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.prediction_log import PredictionLog

from ...store_server import opened
from ...stores.redis import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "redis")
    yield server
    server.remove()


@pytest.fixture
def log(server: Server) -> Iterator[PredictionLog]:
    with closing(opened(server.address)) as log:
        yield log
