"""Two loops at once: one works, and one says so."""

from typing import TYPE_CHECKING

import pytest

from {{ cookiecutter.package_name }}.loop.desk import LEASE, Desk, LostLeaseError

if TYPE_CHECKING:
    from conftest import World


def test_of_two_loops_one_works_and_one_says_so(world: "World") -> None:
    said = []

    def meanwhile() -> None:
        other = Desk(world.states, world.clock, "another process")
        mine, world.desk = world.desk, other
        said.append(world.step())
        world.desk = mine

    world.before_training = meanwhile
    assert [entry.kind for entry in world.step().entries] == ["retrain", "promote"]
    assert said[0].entries == () and "this process" in said[0].idle
    assert len(world.retrainings) == 1


def test_a_holder_that_was_overtaken_writes_nothing_more(world: "World") -> None:
    """It slept longer than its lease, and another process has made the first model meanwhile."""

    def overslept() -> None:
        world.before_training = lambda: None
        world.clock.advance(LEASE)
        mine, world.desk = world.desk, Desk(world.states, world.clock, "another process")
        world.step()
        world.clock.advance(LEASE)
        world.desk = mine

    world.before_training = overslept
    step = world.step()
    assert "has taken over" in step.idle
    assert [entry.kind for entry in world.journal.done()] == ["retrain", "promote"]
    assert world.published() == ("1", None, False)
    assert (world.state.phase, world.state.champion) == ("steady", "1")


def test_a_transition_of_a_stale_holder_is_stopped(world: "World") -> None:
    world.challenger()
    loop = world.loop()
    with pytest.raises(LostLeaseError), world.desk.taken():
        world.clock.advance(LEASE)
        with Desk(world.states, world.clock, "another process").taken() as other:
            assert other is None
            loop.transitions.promote("2", actor="loop", reason="late")
    assert world.published() == ("1", "2", False)
    assert not world.transitions.is_open()
