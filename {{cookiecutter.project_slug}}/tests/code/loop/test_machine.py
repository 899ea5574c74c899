"""What the loop does and when, with real transitions and nothing that takes time."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from {{ cookiecutter.package_name }}.loop.desk import LEASE, Desk, LostLeaseError, set_paused
from {{ cookiecutter.package_name }}.monitoring import Finding, Monitoring, Window

if TYPE_CHECKING:
    from conftest import World

DAY = timedelta(days=1)
DRIFT = Finding("drift", "wind_speed", "wasserstein", 0.4, 0.1, "warning")
TOLD = "drift in wind_speed, up to 4.0 times the threshold"


def monitoring(world: "World", **answers: Any) -> Monitoring:
    now = world.clock.now()
    calm = {"drift": False, "quality": False, "performance": "ok"}
    return Monitoring(Window(now - 30 * DAY, now, 100, 100), **{**calm, **answers})


def drifted(world: "World") -> Monitoring:
    return monitoring(world, drift=True, findings=(DRIFT,))


def test_without_a_champion_the_first_step_trains_one(world: "World") -> None:
    step = world.step()
    assert [entry.kind for entry in step.entries] == ["retrain", "promote"]
    assert [attempt.reason for attempt in world.retrainings] == ["there is no champion yet"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))


def test_nothing_due_changes_nothing(world: "World") -> None:
    world.step()
    before = world.states.load()
    assert world.step().entries == ()
    assert world.states.load() == before


def test_a_drift_retrains_and_the_new_version_challenges(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)
    assert world.step().monitoring is world.found
    assert (world.state.phase, world.state.challenger) == ("challenging", "2")
    assert world.alerts == [TOLD]
    assert world.kinds() == ["retrain", "challenge"]


def test_a_retraining_is_told_when_the_change_began(world: "World") -> None:
    """Also by a process that comes after one that was cut off; and then it is forgotten."""
    world.champion()
    world.clock.advance(31 * DAY)
    world.found, world.changed = drifted(world), world.clock.now() - 9 * DAY
    world.step()
    assert [attempt.changed for attempt in world.retrainings] == [world.changed]
    entry = next(entry for entry in world.journal.done() if entry.kind == "retrain")
    assert entry.figures["rows_since"] == world.changed.isoformat()
    assert world.state.changed is None


def test_a_calm_month_retrains_nothing(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    assert world.step().monitoring is not None
    assert not world.retrainings and not world.alerts and not world.kinds()


def test_a_window_is_monitored_once(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    assert world.step().monitoring is not None
    world.clock.advance(29 * DAY)
    assert world.step().monitoring is None


def test_one_drift_makes_one_retraining(world: "World") -> None:
    """The cooldown holds although the drift is found again, and the loop says until when."""
    world.change("loop", promotion="manual", cooldown=40 * DAY)
    world.champion()
    for _ in range(2):
        world.clock.advance(31 * DAY)
        world.found = drifted(world)
        world.step()
    assert len(world.retrainings) == 1
    assert world.kinds() == ["retrain", "waiting", "wait"]
    assert "the next retraining may begin on 2013-05-11" in list(world.journal.done())[-1].reason


def test_while_a_challenger_is_on_trial_nothing_is_retrained(world: "World") -> None:
    world.challenger()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)
    world.step()
    assert world.kinds() == ["wait"] and not world.retrainings


def test_the_budget_ends_retraining_until_the_period_is_over(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    begun = world.clock.now() - 300 * DAY
    world.put(retrained=(begun,) * world.settings.loop.budget)
    world.found = drifted(world)
    world.step()
    assert not world.retrainings and "12 retrainings are the budget" in world.alerts[-1]
    world.clock.advance(66 * DAY)
    world.found = drifted(world)
    world.step()
    assert len(world.retrainings) == 1 and len(world.state.retrained) == 1


def test_after_each_refusal_in_a_row_the_next_attempt_waits_longer(world: "World") -> None:
    world.champion()
    world.passes = False
    months = []
    for month in range(1, 9):
        world.clock.advance(30 * DAY)
        world.found = drifted(world)
        if any(entry.kind == "retrain" for entry in world.step().entries):
            months.append(month)
    # 14 days, then 28, then 56, then 112
    assert months == [1, 2, 4, 8]
    assert world.state.refused == 4 and world.published() == ("1", None, False)
    assert "after 3 refused in a row" in " ".join(world.alerts)
    world.passes = True
    world.clock.advance(400 * DAY)
    world.step()
    assert world.state.refused == 0


def test_a_refusing_gate_leaves_the_champion(world: "World") -> None:
    world.champion()
    world.passes = False
    world.clock.advance(31 * DAY)
    world.found = monitoring(world, performance="worse")
    world.step()
    assert world.kinds() == ["retrain", "refused"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert world.state.reason == "version 2: log_loss is 0.4."


def test_a_better_challenger_is_promoted_and_the_champion_before_stays(world: "World") -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(3 * DAY)
    world.step()
    assert world.kinds() == ["promote"]
    assert world.published() == ("2", "1", True)
    assert world.state.phase == "probation" and "proven better" in world.state.reason


def test_without_probations_a_promotion_is_the_end_of_it(world: "World") -> None:
    world.change("challenge", probation=timedelta(0))
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(3 * DAY)
    world.step()
    assert (world.state.phase, world.published()) == ("steady", ("2", None, False))


def test_a_worse_challenger_is_rejected(world: "World") -> None:
    world.challenger()
    world.log_rows(800, v1=0.2, v2=0.6)
    world.clock.advance(3 * DAY)
    world.step()
    assert (world.kinds(), world.published()) == (["reject"], ("1", None, False))


def test_a_challenger_that_proves_nothing_is_rejected_in_the_end(world: "World") -> None:
    world.challenger()
    world.log_rows(600, v1=0.3, v2=0.3)
    world.clock.advance(3 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"]
    assert "not proven better in 60 days" in world.state.reason


def test_labels_younger_than_the_horizon_are_not_looked_at(world: "World") -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(timedelta(hours=12))
    assert world.step().entries == ()


def test_a_champion_before_that_proves_better_is_brought_back(world: "World") -> None:
    world.on_probation()
    world.log_rows(800, v1=0.2, v2=0.6)
    world.clock.advance(3 * DAY)
    world.step()
    assert world.kinds() == ["rollback"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert "proven better than version 2" in world.state.reason == world.alerts[-1]


def test_a_probation_ends_when_the_new_champion_proves_better_or_the_time_is_over(
    world: "World",
) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.3, v2=0.3)
    world.clock.advance(3 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.probation)
    world.step()
    assert world.kinds() == ["confirm"]
    assert (world.state.phase, world.published()) == ("steady", ("2", None, False))


def test_a_drift_in_a_probation_retrains_and_the_newest_takes_the_place(world: "World") -> None:
    world.on_probation()
    world.clock.advance(30 * DAY)
    world.found = drifted(world)
    world.step()
    assert (world.state.phase, world.published()) == ("challenging", ("2", "3", False))


def test_a_refusal_in_a_probation_lets_it_go_on(world: "World") -> None:
    world.on_probation()
    world.passes = False
    world.clock.advance(30 * DAY)
    world.found = drifted(world)
    world.step()
    assert (world.state.phase, world.published()) == ("probation", ("2", "1", True))
    world.clock.advance(DAY)  # of the probation, which goes on from its own beginning
    world.step()
    assert world.published() == ("2", None, False)


def test_a_rollback_by_a_finding_is_one_rollback(world: "World") -> None:
    world.change("actions", performance="rollback")
    world.on_probation()
    world.clock.advance(30 * DAY)
    world.found = monitoring(world, performance="worse")
    world.step()
    world.step()
    assert world.kinds() == ["rollback"] and world.published() == ("1", None, False)


def test_a_rollback_without_an_earlier_champion_is_advice(world: "World") -> None:
    world.change("actions", performance="rollback")
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = monitoring(world, performance="worse")
    world.step()
    assert world.kinds() == ["advise"] and world.published() == ("1", None, False)
    assert "there is no earlier champion to roll back to" in world.alerts[-1]


@pytest.mark.parametrize(
    ("action", "entries", "alerts"),
    [
        ("advise", [("advise", f"{TOLD}: consider `train`")], []),
        ("alert", [("alert", TOLD)], [TOLD]),
    ],
)
def test_a_person_may_keep_the_decision(
    action: str, entries: list[tuple[str, str]], alerts: list[str], world: "World"
) -> None:
    world.change("actions", drift=action)
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)
    assert [(entry.kind, entry.reason) for entry in world.step().entries] == entries
    assert world.alerts == alerts and not world.retrainings
    assert world.state.phase == "steady"


def test_by_the_gate_a_version_is_champion_at_once_and_on_probation(world: "World") -> None:
    world.change("loop", promotion="gate")
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)
    world.step()
    assert world.kinds() == ["retrain", "promote"]
    assert (world.state.phase, world.published()) == ("probation", ("2", "1", True))


def test_by_hand_a_version_waits_and_somebody_is_told(world: "World") -> None:
    world.change("loop", promotion="manual")
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)
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
    command: str, arguments: list[str], phase: str, published: Any, world: "World"
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
    command: str, arguments: list[str], published: Any, world: "World"
) -> None:
    world.on_probation()
    getattr(world.transitions, command)(*arguments, actor="ada", reason="by hand")
    world.step()
    assert (world.published(), world.state.reason) == (published, "by hand")
    assert world.state.phase == ("probation" if published[2] else "steady")


def test_a_person_may_train_and_decide_while_the_loop_retrains(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)

    def meanwhile() -> None:
        world.before_training = lambda: None
        world.transitions.promote(world.register(), actor="ada", reason="mine is better")

    world.before_training = meanwhile
    world.step()
    assert world.published() == ("2", "3", False)
    assert (world.state.phase, world.state.champion) == ("challenging", "2")


def test_a_retraining_that_fails_is_told_and_waits_like_a_refusal(world: "World") -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.found = drifted(world)

    def broken() -> None:
        raise RuntimeError("no memory left")

    world.before_training = broken
    with pytest.raises(RuntimeError):
        world.step()
    state = world.state
    assert (state.phase, state.reason) == ("steady", "the retraining failed: no memory left")
    assert (state.refused, world.desk.states.load()[0].due) == (1, None)


def test_a_paused_loop_stands_still_and_says_so(world: "World") -> None:
    assert set_paused(world.states, True) and not set_paused(world.states, True)
    step = world.step()
    assert step.entries == () and "loop resume" in step.idle and not world.retrainings
    assert set_paused(world.states, False)
    assert world.step().idle == "" and world.retrainings


def test_a_pause_during_a_step_lets_it_finish(world: "World") -> None:
    world.before_training = lambda: None if set_paused(world.states, True) else None
    world.step()
    assert world.published() == ("1", None, False)
    assert world.state.paused and world.step().idle


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
