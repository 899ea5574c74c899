"""A finding may roll back to the previous champion."""

from datetime import timedelta

from .world import World

DAY = timedelta(days=1)


def test_a_rollback_by_a_finding_is_one_rollback(world: World) -> None:
    world.change("actions", performance="rollback")
    world.on_probation()
    world.clock.advance(30 * DAY)
    world.find(performance="worse")
    world.step()
    world.step()
    assert world.kinds() == ["rollback"] and world.published() == ("1", None, False)


def test_a_rollback_without_an_earlier_champion_is_advice(world: World) -> None:
    world.change("actions", performance="rollback")
    world.champion()
    world.clock.advance(31 * DAY)
    world.find(performance="worse")
    world.step()
    assert world.kinds() == ["advise"] and world.published() == ("1", None, False)
    assert "there is no earlier champion to roll back to" in world.alerts[-1]
