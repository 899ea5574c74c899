"""What every store of the loop's state promises. It joins the suite by its file in stores/."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_loop._clock import ManualClock
from mlops_loop._file_lock import file_lock
from mlops_loop.errors import SettingsError, StoreError
from mlops_loop.loop._lease import LEASE, LeaseHolder, LostLeaseError
from mlops_loop.loop._state import Lease, State, StateStore
from mlops_loop.loop._states import open_state
from mlops_loop.prediction_log import stores

from .world import World

NOW = datetime(2013, 5, 1, tzinfo=UTC)
SOON = NOW + timedelta(minutes=1)
LATER = NOW + timedelta(minutes=2)

Open = Callable[[], StateStore]


@pytest.fixture
def reopen(new_address: Callable[[], str], tmp_path: Path) -> Open:
    """Opens the same state again and again, as one process after the other would."""
    address = new_address()
    return lambda: open_state(address, root=tmp_path)


def test_every_prediction_log_has_a_state_beside_it() -> None:
    assert [open_state(f"{name}:///1", root=Path("unused")) for name in stores()]


def test_an_address_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no store for 'ftp'"):
        open_state("ftp://host", root=tmp_path)


def test_a_fresh_store_is_steady(reopen: Open) -> None:
    assert reopen().load() == (State(), 0)


def test_a_state_survives_the_process(reopen: Open) -> None:
    state = State(
        phase="probation",
        since=NOW,
        reason="drift: wind_speed",
        due="rollback",
        champion="2",
        challenger="1",
        retrained=(NOW,),
        consecutive_failures=2,
    )
    assert reopen().save(state, 0)
    assert reopen().load() == (state, 1)


def test_only_the_faster_of_two_writers_wins(reopen: Open) -> None:
    store = reopen()
    assert store.save(State(reason="first"), 0)
    assert not store.save(State(reason="late"), 0)
    assert store.save(State(reason="second"), 1)
    assert not store.save(State(reason="late"), 1)
    assert store.load()[0].reason == "second"


def test_of_many_writers_at_once_each_revision_has_one(reopen: Open) -> None:
    def write(number: int) -> bool:
        return reopen().save(State(reason=str(number)), 0)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(16))) == 1


def test_a_pause_and_a_step_at_once_lose_nothing(reopen: Open) -> None:
    """Each writer comes back until its own change is in; none of them undoes another's."""

    def add(number: int) -> None:
        while True:
            state, revision = reopen().load()
            grown = State(retrained=(*state.retrained, NOW + timedelta(seconds=number)))
            if reopen().save(grown, revision):
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(12)))
    state, revision = reopen().load()
    assert (len(set(state.retrained)), revision) == (12, 12)


def test_a_lease_has_one_holder_until_it_ends(reopen: Open) -> None:
    mine = reopen().acquire("me", NOW, LATER)
    assert mine == Lease("me", 1, LATER)
    assert reopen().acquire("you", SOON, LATER + LEASE) == mine
    assert reopen().acquire("you", LATER, LATER + LEASE) == Lease("you", 2, LATER + LEASE)


def test_a_lease_that_is_prolonged_keeps_its_fence(reopen: Open) -> None:
    mine = reopen().acquire("me", NOW, SOON)
    assert reopen().acquire("me", NOW, LATER, mine.fence) == Lease("me", 1, LATER)
    yours = reopen().acquire("you", LATER, LATER + LEASE)
    assert reopen().acquire("me", LATER, LATER + LEASE, mine.fence) == yours


def test_a_lease_that_was_let_go_may_be_taken_at_once(reopen: Open) -> None:
    mine = reopen().acquire("me", NOW, LATER)
    reopen().release(mine)
    yours = reopen().acquire("you", NOW, LATER)
    assert yours == Lease("you", 2, LATER)
    reopen().release(mine)  # too late to matter
    assert reopen().acquire("me", NOW, LATER) == yours


def test_a_stale_holder_cannot_write(reopen: Open) -> None:
    mine = reopen().acquire("me", NOW, SOON)
    assert reopen().save(State(reason="mine"), 0, mine.fence)
    yours = reopen().acquire("you", LATER, LATER + LEASE)
    assert not reopen().save(State(reason="stale"), 1, mine.fence)
    assert reopen().save(State(reason="yours"), 1, yours.fence)


def test_of_many_that_want_the_lease_one_gets_it(reopen: Open) -> None:
    def take(number: int) -> bool:
        return reopen().acquire(str(number), NOW, LATER).holder == str(number)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(16))) == 1


def test_what_tests_use_instead_keeps_the_promises(world: World) -> None:
    store = world.stored
    mine = store.acquire("me", NOW, SOON)
    assert store.acquire("you", NOW, LATER) == mine
    assert store.save(State(), 0, mine.fence) and not store.save(State(), 0)
    yours = store.acquire("you", SOON, LATER)
    assert not store.save(State(), 1, mine.fence) and yours.fence == 2


def test_a_desk_prolongs_its_lease_while_it_works(reopen: Open) -> None:
    clock = ManualClock(NOW)
    lease = LeaseHolder(reopen(), clock, "me")
    with lease.acquire() as other:
        assert other is None
        clock.advance(LEASE / 2)
        lease.require()
        clock.advance(LEASE / 2)
        with LeaseHolder(reopen(), clock, "you").acquire() as found:
            assert found is not None and found.holder == "me"
    with LeaseHolder(reopen(), clock, "you").acquire() as found:
        assert found is None


def test_a_desk_that_lost_its_lease_says_so(reopen: Open) -> None:
    clock = ManualClock(NOW)
    lease = LeaseHolder(reopen(), clock, "me")
    with lease.acquire():
        clock.advance(LEASE)
        with LeaseHolder(reopen(), clock, "you").acquire():
            with pytest.raises(LostLeaseError):
                lease.require()
            with pytest.raises(LostLeaseError):
                lease.save(reason="stale")


def test_processes_have_names_of_their_own(reopen: Open) -> None:
    assert (
        LeaseHolder(reopen(), ManualClock(NOW)).holder
        != LeaseHolder(reopen(), ManualClock(NOW)).holder
    )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"not a database, but long enough to look like one" * 20)
    with pytest.raises(StoreError, match="log.db"):
        open_state("sqlite:///log.db", root=tmp_path).load()


def test_a_lock_keeps_others_out_and_says_which_it_is(tmp_path: Path) -> None:
    path = tmp_path / "var" / "lock"
    with file_lock(path):
        with (
            pytest.raises(StoreError, match="another process has locked .*lock"),
            file_lock(path, 0.05),
        ):
            raise AssertionError("two are in")
    with file_lock(path, 0.05):
        pass
