"""What people may keep to themselves, what they may do at any moment, and that it is noticed."""

from datetime import timedelta
from typing import Any

import pytest

from mlops_loop.loop.lease import set_paused

from .world import World

DAY = timedelta(days=1)
TOLD = "drift in wind_speed, up to 4.0 times the threshold"


@pytest.mark.parametrize(
    ("action", "entries", "alerts"),
    [
        ("advise", [("advise", f"{TOLD}: consider `train`")], []),
        ("alert", [("alert", TOLD)], [TOLD]),
    ],
)
def test_a_person_may_keep_the_decision(
    action: str, entries: list[tuple[str, str]], alerts: list[str], world: World
) -> None:
    world.change("actions", drift=action)
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift(performance="unknown")
    assert [(entry.kind, entry.reason) for entry in world.step().entries] == entries
    assert world.alerts == alerts and not world.retrainings
    assert world.state.phase == "steady"


def test_a_drift_that_the_model_copes_with_has_an_action_of_its_own(world: World) -> None:
    world.change("actions", drift="retrain", drift_only="advise")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift(performance="ok")
    reasons = [entry.reason for entry in world.step().entries]
    assert reasons == [f"{TOLD}: performance holds, so `train` may wait"]
    world.clock.advance(31 * DAY)
    world.drift(performance="unknown")
    world.step()
    assert len(world.retrainings) == 1


def test_by_the_gate_a_version_is_champion_at_once_and_on_probation(world: World) -> None:
    world.change("loop", promotion="gate")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    world.step()
    assert world.kinds() == ["retrain", "promote"]
    assert (world.state.phase, world.published()) == ("probation", ("2", "1", True))


def test_by_hand_a_version_waits_and_somebody_is_told(world: World) -> None:
    world.change("loop", promotion="manual")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    world.step()
    assert world.kinds() == ["retrain", "waiting"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert world.alerts[-1].endswith("It waits for `challenge 2` or `promote 2`.")
    world.transitions.promote("2", actor="ada", reason="I have looked")
    world.step()
    assert (world.state.phase, world.state.reason) == ("probation", "I have looked")


@pytest.mark.parametrize(
    ("command", "arguments", "phase", "published"),
    [
        ("promote", ["2"], "probation", ("2", "1", True)),
        ("promote", ["3"], "challenging", ("3", "2", False)),
        ("reject", ["2"], "steady", ("1", None, False)),
        ("challenge", ["3"], "challenging", ("1", "3", False)),
    ],
)
def test_what_a_person_does_during_a_challenge_is_noticed(
    command: str, arguments: list[str], phase: str, published: Any, world: World
) -> None:
    world.challenger()
    world.register()
    world.clock.advance(DAY)
    getattr(world.transitions, command)(*arguments, actor="ada", reason="by hand")
    assert world.step().entries == ()
    state = world.state
    assert (state.phase, world.published()) == (phase, published)
    assert (state.reason, state.since) == ("by hand", world.clock.now())
    assert (state.champion, state.challenger) == published[:2]


@pytest.mark.parametrize(
    ("command", "arguments", "published"),
    [
        ("rollback", [], ("1", None, False)),
        ("confirm", [], ("2", None, False)),
        ("reject", ["1"], ("2", None, False)),
        ("promote", ["1"], ("1", "2", True)),
    ],
)
def test_what_a_person_does_during_a_probation_is_noticed(
    command: str, arguments: list[str], published: Any, world: World
) -> None:
    world.on_probation()
    getattr(world.transitions, command)(*arguments, actor="ada", reason="by hand")
    world.step()
    assert (world.published(), world.state.reason) == (published, "by hand")
    assert world.state.phase == ("probation" if published[2] else "steady")


def test_a_person_may_train_and_decide_while_the_loop_retrains(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()

    def meanwhile() -> None:
        world.before_training = lambda: None
        world.transitions.promote(world.register(), actor="ada", reason="mine is better")

    world.before_training = meanwhile
    world.step()
    assert world.published() == ("2", "3", False)
    assert (world.state.phase, world.state.champion) == ("challenging", "2")


def test_a_paused_loop_stands_still_and_says_so(world: World) -> None:
    assert set_paused(world.states, True) and not set_paused(world.states, True)
    step = world.step()
    assert step.entries == () and "loop resume" in step.idle and not world.retrainings
    assert set_paused(world.states, False)
    assert world.step().idle == "" and world.retrainings


def test_a_pause_during_a_step_lets_it_finish(world: World) -> None:
    world.before_training = lambda: None if set_paused(world.states, True) else None
    world.step()
    assert world.published() == ("1", None, False)
    assert world.state.paused and world.step().idle
