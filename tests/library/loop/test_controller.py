"""What makes the loop retrain, and when, with real transitions and nothing that takes time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mlops_loop.loop._training_growth import TrainingGrowth
from mlops_loop.monitoring import Finding

from .world import World

DAY = timedelta(days=1)
TOLD = "wind_speed drifted"


def test_without_a_champion_the_first_step_trains_one(world: World) -> None:
    step = world.step()
    assert [entry.kind for entry in step.entries] == ["retrain", "promote"]
    assert [attempt.reason for attempt in world.retrainings] == ["there is no champion yet"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))


def test_a_first_model_that_the_gate_rejected_is_not_trained_again_at_every_step(
    world: World,
) -> None:
    world.passes = False
    world.step()
    assert "next retraining from" in world.step().summary() and len(world.retrainings) == 1
    world.clock.advance(29 * DAY)  # twice the cooldown, after one rejection
    world.passes = True
    world.step()
    assert (len(world.retrainings), world.state.phase) == (2, "steady")


def test_other_features_do_not_wait_for_a_cooldown(world: World) -> None:
    world.passes = False
    world.step()
    world.transitions = replace(world.transitions, features_digest="others")
    world.step()
    assert len(world.retrainings) == 2


def test_nothing_due_changes_nothing(world: World) -> None:
    world.step()
    before = world.states.load()
    assert world.step().entries == ()
    assert world.states.load() == before


def test_an_early_warning_alerts_once_before_the_next_window(world: World) -> None:
    world.champion()
    world.step()
    monitored = world.state.monitored_until
    warning = Finding("early_warning", "early warning: the loss rises since 2013-03-05")
    world.find(findings=(warning,))
    world.warned, world.found = world.found, None
    world.clock.advance(timedelta(hours=12))
    world.step()
    assert world.alerts == []  # one look a day
    for _ in range(3):
        world.clock.advance(DAY)
        assert world.step().monitoring is None
    (alert,) = world.alerts
    assert "the loss rises since 2013-03-05" in alert
    assert (world.kinds()[-1], world.retrainings, world.state.phase) == ("alert", [], "steady")
    assert world.state.monitored_until == monitored


def test_a_drift_retrains_and_the_new_version_challenges(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    report = world.step().monitoring
    assert report is not None and report.advice == "drift: retrain"
    assert (world.state.phase, world.state.challenger) == ("challenging", "2")
    assert world.alerts == [f"2013-03-02 00:00 to 2013-04-01 00:00: {TOLD}; decision: retrain"]
    assert world.kinds() == ["retrain", "challenge"]


def test_a_retraining_is_told_when_the_change_began(world: World) -> None:
    """Also by a process that comes after one that was cut off; and then it is forgotten."""
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    world.changed = world.clock.now() - 9 * DAY
    world.step()
    assert [attempt.changed for attempt in world.retrainings] == [world.changed]
    entry = next(entry for entry in world.audit_log.completed() if entry.kind == "retrain")
    assert entry.details["rows_since"] == world.changed.isoformat()
    assert world.state.changed is None


def test_a_calm_month_retrains_nothing(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    assert world.step().monitoring is not None
    assert not world.retrainings and not world.alerts and not world.kinds()


def test_a_window_is_monitored_once(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    assert world.step().monitoring is not None
    world.clock.advance(29 * DAY)
    assert world.step().monitoring is None


def test_one_drift_makes_one_retraining(world: World) -> None:
    """The cooldown holds although the drift is found again, and the loop says until when."""
    world.change("loop", promotion="manual", cooldown=40 * DAY)
    world.champion()
    for _ in range(2):
        world.clock.advance(31 * DAY)
        world.drift()
        world.step()
    assert len(world.retrainings) == 1
    assert world.kinds() == ["retrain", "waiting", "wait"]
    assert "next retraining from 2013-05-11" in list(world.audit_log.completed())[-1].reason


def test_while_a_challenger_is_on_trial_nothing_is_retrained(world: World) -> None:
    world.challenger()
    world.clock.advance(31 * DAY)
    world.drift()
    world.step()
    assert world.kinds() == ["wait"] and not world.retrainings


def test_the_budget_ends_retraining_until_the_period_is_over(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    begun = world.clock.now() - 300 * DAY
    world.put(retrained=(begun,) * world.settings.loop.budget)
    world.drift()
    world.step()
    assert not world.retrainings and "the budget of 12 retrainings is used" in world.alerts[-1]
    world.clock.advance(66 * DAY)
    world.drift()
    world.step()
    assert len(world.retrainings) == 1 and len(world.state.retrained) == 1


def test_after_each_refusal_in_a_row_the_next_attempt_waits_longer(world: World) -> None:
    world.champion()
    world.passes = False
    months = []
    for month in range(1, 9):
        world.clock.advance(30 * DAY)
        world.drift()
        if any(entry.kind == "retrain" for entry in world.step().entries):
            months.append(month)
    # 14 days, then 28, then 56, then 112
    assert months == [1, 2, 4, 8]
    assert world.state.consecutive_failures == 4 and world.published() == ("1", None, False)
    assert "after 3 consecutive rejections" in " ".join(world.alerts)
    world.passes = True
    world.clock.advance(400 * DAY)
    world.step()
    assert world.state.consecutive_failures == 0


def test_a_refusing_gate_leaves_the_champion(world: World) -> None:
    world.champion()
    world.passes = False
    world.clock.advance(31 * DAY)
    world.find(performance="worse")
    world.step()
    assert world.kinds() == ["retrain", "gate_rejected"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert world.state.reason == "version 2: log_loss is 0.4."


def test_a_model_identical_to_the_champion_is_not_tried_and_waits_like_a_refusal(
    world: World,
) -> None:
    world.champion()
    world.same_as = "1"
    world.clock.advance(31 * DAY)
    world.find(performance="worse")
    world.step()
    assert world.kinds() == ["retrain", "unchanged"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert world.state.consecutive_failures == 1
    assert not [text for text in world.alerts if "To continue" in text]


def test_a_retraining_that_fails_is_told_and_waits_like_a_refusal(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()

    def broken() -> None:
        raise RuntimeError("no memory left")

    world.before_training = broken
    with pytest.raises(RuntimeError):
        world.step()
    state = world.state
    assert (state.phase, state.reason) == ("steady", "the retraining failed: no memory left")
    assert (state.consecutive_failures, world.lease.states.load()[0].due) == (1, None)
    retrained, failed = list(world.audit_log.completed())[-2:]
    assert (failed.kind, failed.reason) == ("retrain_failed", state.reason)
    assert failed.details["attempt"] == retrained.details["attempt"]


def test_a_first_version_that_waits_for_a_person_is_not_trained_again(world: World) -> None:
    """There is a champion of other features, and the version was not compared with it."""
    world.hold = "it could not be compared with the champion of other features"
    step = world.step()
    assert [entry.kind for entry in step.entries] == ["retrain", "waiting"]
    assert "promote 1" in world.alerts[0]
    assert world.step().entries == () and len(world.retrainings) == 1
    world.transitions.promote("1", actor="test", reason="by hand")
    world.step()
    assert (world.state.phase, world.state.champion, world.state.waiting) == ("steady", "1", "")


def longer_by(added: int, trained: int = 60) -> TrainingGrowth:
    """A history that is longer by some days than the one that the champion was trained on."""
    end = datetime(2025, 1, 1, tzinfo=UTC)
    return TrainingGrowth(end - trained * DAY, end, end + added * DAY)


@pytest.mark.parametrize(("added", "retrained"), [(29, 0), (30, 1)])
def test_much_more_to_train_on_retrains(added: int, retrained: int, world: World) -> None:
    world.champion()
    world.growth = longer_by(added)
    world.step()
    assert len(world.retrainings) == retrained
    if retrained:
        reason = "30 more days have their labels than the 60 days that the champion was trained on"
        assert reason in world.retrainings[0].reason
        assert world.state.phase == "challenging"


def test_an_attempt_is_not_repeated_before_there_is_as_much_more_again(world: World) -> None:
    world.champion()
    world.passes = False
    world.growth = longer_by(30)
    world.step()
    world.clock.advance(365 * DAY)  # time alone adds nothing to train on
    world.growth = longer_by(59)
    world.step()
    assert len(world.retrainings) == 1
    world.growth = longer_by(60)
    world.step()
    assert len(world.retrainings) == 2


def test_growth_retrains_nothing_if_it_is_switched_off(world: World) -> None:
    world.champion()
    world.change("loop", growth=None)
    world.growth = longer_by(300)
    world.step()
    assert not world.retrainings


def test_a_retraining_can_be_left_to_the_next_step(world: World) -> None:
    """For an orchestrator, in which it is a task of its own."""
    first = world.step(retrains=False)
    assert (first.due, world.retrainings) == ("there is no champion yet", [])
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    for _ in range(2):
        left = world.step(retrains=False)
        assert left.due.endswith(TOLD) and world.retrainings == []
        assert left.summary().startswith("a retraining is due, and left to the next step: ")
    assert (world.step().due, len(world.retrainings), world.state.phase) == ("", 1, "challenging")


def test_an_interrupted_retraining_and_one_on_growth_can_be_left_as_well(world: World) -> None:
    world.change("loop", growth=0.5)
    world.champion()
    world.step()
    world.growth = longer_by(60, trained=90)
    world.clock.advance(15 * DAY)
    grown = world.step(retrains=False)
    assert "more" in grown.due and world.retrainings == []
    world.put(phase="retraining", since=world.clock.now(), reason="interrupted")
    assert world.step(retrains=False).due == "interrupted"
    assert world.retrainings == []
