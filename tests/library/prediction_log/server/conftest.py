"""A server for each test, to do with as it likes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...store_server import SERVERS


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    server = SERVERS[request.param](tmp_path / "server")
    yield server
    server.remove()
