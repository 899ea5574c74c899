from datetime import UTC, datetime
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }}.errors import StoreError
from {{ cookiecutter.package_name }}.loop.sqlite_state import SqliteStateStore
from {{ cookiecutter.package_name }}.loop.state import State


def test_a_fresh_store_is_steady(tmp_path: Path) -> None:
    assert SqliteStateStore(tmp_path / "var" / "loop.db").load() == (State(), 0)


def test_a_state_survives_the_process(tmp_path: Path) -> None:
    state = State(
        phase="challenging",
        since=datetime(2013, 5, 1, tzinfo=UTC),
        reason="drift: wind_speed",
        challenger="2",
        retrained=(datetime(2013, 5, 1, tzinfo=UTC),),
    )
    assert SqliteStateStore(tmp_path / "loop.db").save(state, 0)
    assert SqliteStateStore(tmp_path / "loop.db").load() == (state, 1)


def test_only_the_faster_of_two_writers_wins(tmp_path: Path) -> None:
    store = SqliteStateStore(tmp_path / "loop.db")
    assert store.save(State(reason="first"), 0)
    assert not store.save(State(reason="late"), 0)
    assert store.save(State(reason="second"), 1)
    assert not store.save(State(reason="late"), 1)
    assert store.load()[0].reason == "second"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "loop.db"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 20)
    with pytest.raises(StoreError, match="loop.db"):
        SqliteStateStore(path).load()
