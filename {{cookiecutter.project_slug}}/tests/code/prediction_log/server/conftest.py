"""A server for each test, to do with as it likes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...store_server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    server = Server(tmp_path / "server")
    yield server
    server.remove()
