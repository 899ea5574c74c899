"""How a challenge ends: by what its answers are worth, or by how it gives them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mlops_loop.contract import Contract
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.loop._challenger_evaluation import decide_trial
from mlops_loop.loop._challenger_trial import Trial, TrialDecision

from .collaborators import START
from .loop_folder import CONTRACT
from .world import World

DAY = timedelta(days=1)
UNPROVEN = 1e-300  # an error rate with which nothing is ever proven


def test_a_challenger_that_leaves_rows_unanswered_is_rejected(world: World) -> None:
    world.challenger()
    world.log_rows(40, v1=0.6)  # before the service had picked it up: these do not count
    world.log_rows(500, v1=0.6, v2=0.2)
    world.log_rows(40, v1=0.6)
    world.change("challenge", error_rate=UNPROVEN)
    world.step()
    assert world.kinds() == ["reject"]
    assert "no prediction for 7.4% of 540 rows (limit 5.0%)" in world.state.reason
    last = list(world.audit_log.completed())[-1]
    assert (last.details["expected"], last.details["missing"]) == (540, 40)


def test_a_challenger_that_never_answers_is_rejected_without_a_label(world: World) -> None:
    world.challenger()
    world.log_rows(60, v1=0.6)  # the first hour is left to the service
    world.step()
    assert world.kinds() == []
    world.log_rows(500, v1=0.6)
    world.step()
    assert world.kinds() == ["reject"]
    assert "no prediction for 100.0% of 500 rows (limit 5.0%)" in world.state.reason


@pytest.mark.parametrize(
    ("champion", "challenger", "rejected"),
    [(0.002, 0.030, True), (0.002, 0.015, False), (0.015, 0.030, False), (0.015, 0.050, True)],
)
def test_a_challenger_is_rejected_that_is_slow_and_much_slower(
    champion: float, challenger: float, rejected: bool, world: World
) -> None:
    """By default: beyond 20 ms, and beyond three times what the champion takes."""
    world.challenger()
    world.log_rows(600, {"v1": champion, "v2": challenger}, v1=0.6, v2=0.2)
    world.change("challenge", error_rate=UNPROVEN)
    world.step()
    assert world.kinds() == (["reject"] if rejected else [])
    if rejected:
        assert f"it takes {1000 * challenger:.1f} ms a request on average, the champion" in (
            world.state.reason
        )


def test_few_rows_rule_nobody_out(world: World) -> None:
    world.change("challenge", min_labels=500)
    world.challenger()
    world.log_rows(100, v1=0.6, v2=0.2)
    world.log_rows(300, v1=0.6)
    world.step()
    assert world.kinds() == []


def test_the_champion_before_is_not_ruled_out_in_a_probation(world: World) -> None:
    world.on_probation()
    world.log_rows(600, {"v1": 0.9, "v2": 0.001}, v1=0.3, v2=0.3)
    world.step()
    assert world.kinds() == []


@pytest.mark.parametrize(
    ("champion", "challenger", "kind"), [(0.6, 0.2, "promote"), (0.2, 0.6, "reject")]
)
def test_in_a_split_the_better_version_is_found_by_key(
    champion: float, challenger: float, kind: str, world: World
) -> None:
    world.change("challenge", mode="split")
    world.challenger()
    world.log_split(3000, champion, challenger)
    world.clock.advance(4 * DAY)
    world.step()
    assert world.kinds() == [kind]
    details = list(world.audit_log.completed())[-1].details
    assert 200 < details["challenger_rows"] < 400 and details["rows"] > 2400
    assert "labelled keys against the champion's" in world.state.reason


def test_in_a_split_two_equal_versions_stay_until_the_time_is_over(world: World) -> None:
    world.change("challenge", mode="split")
    world.challenger()
    world.log_split(3000, 0.3, 0.3)
    world.clock.advance(4 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"]
    assert "not significantly better in 60 days" in world.state.reason


def test_in_a_split_a_challenger_that_fails_is_found_by_the_keys_drawn_for_it(
    world: World,
) -> None:
    world.change("challenge", mode="split", share=0.5)
    world.challenger()
    world.log_split(1500, 0.6, 0.2, failing=True)
    world.step()
    assert world.kinds() == ["reject"]
    assert "no prediction for 100.0% of" in world.state.reason


def test_a_better_challenger_is_promoted_and_the_champion_before_stays(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(3 * DAY)
    world.step()
    assert world.kinds() == ["promote"]
    assert world.published() == ("2", "1", True)
    assert world.state.phase == "probation" and "significantly better" in world.state.reason


def test_without_probations_a_promotion_is_the_end_of_it(world: World) -> None:
    world.change("challenge", probation=timedelta(0))
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(3 * DAY)
    world.step()
    assert (world.state.phase, world.published()) == ("steady", ("2", None, False))


def test_a_worse_challenger_is_rejected(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.2, v2=0.6)
    world.clock.advance(3 * DAY)
    world.step()
    assert (world.kinds(), world.published()) == (["reject"], ("1", None, False))


def test_a_challenger_that_proves_nothing_is_rejected_in_the_end(world: World) -> None:
    world.challenger()
    world.log_rows(600, v1=0.3, v2=0.3)
    world.clock.advance(3 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"]
    assert "not significantly better in 60 days" in world.state.reason


def test_labels_younger_than_the_horizon_are_not_looked_at(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)
    world.clock.advance(timedelta(hours=12))
    assert world.step().entries == ()


def test_a_champion_before_that_proves_better_is_brought_back(world: World) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.2, v2=0.6)
    world.clock.advance(3 * DAY)
    world.step()
    assert world.kinds() == ["rollback"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert "significantly better than version 2" in world.alerts[-1]
    assert world.state.reason == f"rollback: {world.alerts[-1]}"


def test_a_probation_ends_when_the_new_champion_proves_better_or_the_time_is_over(
    world: World,
) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.3, v2=0.3)
    world.clock.advance(3 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.probation)
    world.step()
    assert world.kinds() == ["confirm"]
    assert (world.state.phase, world.published()) == ("steady", ("2", None, False))


def test_a_drift_in_a_probation_retrains_and_the_newest_takes_the_place(world: World) -> None:
    world.on_probation()
    world.clock.advance(30 * DAY)
    world.drift()
    world.step()
    assert (world.state.phase, world.published()) == ("challenging", ("2", "3", False))


def test_a_refusal_in_a_probation_lets_it_go_on(world: World) -> None:
    world.on_probation()
    world.passes = False
    world.clock.advance(30 * DAY)
    world.drift()
    world.step()
    assert (world.state.phase, world.published()) == ("probation", ("2", "1", True))
    world.clock.advance(31 * DAY)  # of the probation, which goes on from its own beginning
    world.step()
    assert world.published() == ("2", None, False)


def test_no_ruling_on_too_few_labels_until_twice_the_time_is_over(world: World) -> None:
    world.challenger()
    world.log_rows(120, v1=0.6, v2=0.2)
    world.clock.advance(world.settings.challenge.max_duration + 2 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"]
    assert "no decision: 120 labelled rows in 121 days, 500 needed (challenge.min_labels)" in (
        world.state.reason
    )


def test_a_trial_is_as_long_in_labelled_time_however_late_labels_are(world: World) -> None:
    """With a horizon of 90 days it ends 150 days after it began, not after 60 without a label."""
    world.challenger()
    world.log_rows(800, v1=0.3, v2=0.3)
    limit, horizon = world.settings.challenge.max_duration, 90 * DAY
    contract = parse_contract(CONTRACT.replace("label_horizon: 1d", "label_horizon: 90d"))
    for moment, ended in ((limit + DAY, False), (limit + horizon + DAY, True)):
        decision = _decided(world, contract, START + moment)
        assert (decision is not None) == ended
    assert decision is not None and "not significantly better in 60 days" in decision.reason


def test_a_challenger_that_is_ahead_is_promoted_in_the_end_if_that_is_wanted(world: World) -> None:
    world.change("challenge", undecided="better_mean")
    world.challenger()
    _ahead_by_little(world)
    world.clock.advance(world.settings.challenge.max_duration + 2 * DAY)
    world.step()
    assert world.kinds() == ["promote"]
    assert "better on average (challenge.undecided: better_mean)" in world.state.reason


def test_a_challenger_within_the_margin_is_promoted_if_it_is_ahead(world: World) -> None:
    world.challenger()
    _ahead_by_little(world)
    world.clock.advance(world.settings.challenge.max_duration + 2 * DAY)
    for margin, transition in ((0.0, "reject"), (0.03, "promote")):
        world.change("challenge", margin=margin)
        decision = _decided(world, parse_contract(CONTRACT), world.clock.now())
        assert decision is not None and decision.transition == transition


def _ahead_by_little(world: World) -> None:
    """800 rows with a mean log loss of 0.692 instead of 0.693, and much noise."""
    for _ in range(400):
        world.log_rows(1, v1=0.5, v2=0.35)
        world.log_rows(1, v1=0.5, v2=0.615)


def _decided(world: World, contract: Contract, now: datetime) -> TrialDecision | None:
    """The decision about the trial of version 2 that began at START."""
    log: Any = world.log
    trial = Trial("1", "2", START, probation=False)
    return decide_trial(trial, world.settings.challenge, contract, log, now)
