"""An empty database of each kind."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.prediction_log._sql.database import Database
from mlops_loop.prediction_log._sql.store import database_at

from ...services import STORES


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty logs, for each SQL database."""
    with STORES[request.param](tmp_path_factory.mktemp(request.param)) as new_address:
        yield new_address


@pytest.fixture
def database(address: str, tmp_path: Path) -> Iterator[Database]:
    with closing(database_at(address, tmp_path)) as database:
        yield database
