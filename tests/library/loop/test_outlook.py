"""A step with nothing due says why, and when something will be."""

from datetime import timedelta

from mlops_loop.monitoring import Finding

from .collaborators import START
from .world import World

DAY = timedelta(days=1)


def test_the_next_window_has_a_date(world: World) -> None:
    world.step()
    told = world.step().summary()
    due = f"{START + 30 * DAY:%Y-%m-%d %H:%M} UTC (monitoring.window: 30d)"
    assert told == f"nothing is due; the next window is checked at {due}"


def test_a_checked_window_without_findings_says_what_is_unknown(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    told = world.step().summary()
    assert "100 predictions, no findings; the next window is checked at" in told


def test_a_trial_and_a_probation_name_their_end_and_the_labels_they_need(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    step = world.step()
    end = world.clock.now() + world.settings.challenge.max_duration
    assert f"version 2 is on trial until {end:%Y-%m-%d %H:%M} UTC at the latest" in step.outlook
    assert "500 labelled rows or more (challenge.min_labels) that are older than" in step.outlook
    assert "100 predictions, 1 finding; the next window" in step.summary()
    world.transitions.promote("2", actor="ada", reason="by hand")
    assert "version 2 is on probation until" in world.step().outlook


def test_a_cooldown_is_told(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.passes = False
    world.find(performance="worse", findings=(Finding("performance", "worse"),))
    world.step()
    assert "next retraining from" in world.step().outlook


def test_a_version_that_waits_for_a_person_is_told(world: World) -> None:
    world.hold = "it is too good"
    world.step()
    assert "there is no champion: version 1" in world.step().summary()
    assert "`promote 1`" in world.step().summary()
