"""What the loop's state does beyond every store if that is a server, which comes and goes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.loop._state import State
from mlops_loop.loop._states import open_state
from mlops_loop.prediction_log import archive_prediction_log

from ..store_server import SERVERS

NOW = datetime(2013, 5, 1, tzinfo=UTC)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    server = SERVERS[request.param](tmp_path / "server")
    yield server
    server.remove()


def test_a_killed_server_has_kept_the_state_and_the_lease(server: Any, tmp_path: Path) -> None:
    store = open_state(server.address, root=tmp_path)
    lease = store.acquire("me", NOW, NOW)
    assert store.save(State(reason="kept"), 0, lease.fence)
    server.kill()
    server.start()
    assert store.load() == (State(reason="kept"), 1)
    assert store.acquire("you", NOW, NOW).fence == 2


def test_a_server_that_is_away_is_named(server: Any, tmp_path: Path) -> None:
    store = open_state(server.address, root=tmp_path)
    server.stop()
    with pytest.raises(StoreError, match=f"127.0.0.1:{server.port}.*make store"):
        store.load()
    server.start()


def test_the_state_is_set_aside_with_the_log_even_an_empty_one(server: Any, tmp_path: Path) -> None:
    store = open_state(server.address, root=tmp_path)
    assert archive_prediction_log(server.address, root=tmp_path) is None
    assert store.save(State(reason="old"), 0)
    place = archive_prediction_log(server.address, root=tmp_path)
    assert place is not None and "predictions" in place
    assert store.load() == (State(), 0)


def test_logs_of_different_names_have_different_states(server: Any, tmp_path: Path) -> None:
    other = open_state(f"{server.address}?name=other", root=tmp_path)
    assert open_state(server.address, root=tmp_path).save(State(reason="mine"), 0)
    assert other.load() == (State(), 0)
