"""How a challenge ends: by what its answers are worth, or by how it gives them."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

DAY = timedelta(days=1)
UNPROVEN = 1e-300  # an error rate with which nothing is ever proven


def test_a_challenger_that_leaves_rows_unanswered_is_rejected(world: "World") -> None:
    world.challenger()
    world.log_rows(40, v1=0.6)  # before the service had picked it up: these do not count
    world.log_rows(500, v1=0.6, v2=0.2)
    world.log_rows(40, v1=0.6)
    world.change("challenge", error_rate=UNPROVEN)
    world.step()
    assert world.kinds() == ["reject"]
    assert "left 7.4% of 540 rows without an answer" in world.state.reason
    last = list(world.journal.done())[-1]
    assert (last.figures["asked"], last.figures["unanswered"]) == (540, 40)


def test_a_challenger_that_never_answers_is_rejected_without_a_label(world: "World") -> None:
    world.challenger()
    world.log_rows(60, v1=0.6)  # the first hour is left to the service
    world.step()
    assert world.kinds() == []
    world.log_rows(500, v1=0.6)
    world.step()
    assert world.kinds() == ["reject"]
    assert "left 100.0% of 500 rows without an answer" in world.state.reason


@pytest.mark.parametrize(
    ("champion", "challenger", "rejected"),
    [(0.002, 0.030, True), (0.002, 0.015, False), (0.015, 0.030, False), (0.015, 0.050, True)],
)
def test_a_challenger_is_rejected_that_is_slow_and_much_slower(
    champion: float, challenger: float, rejected: bool, world: "World"
) -> None:
    """By default: beyond 20 ms, and beyond three times what the champion takes."""
    world.challenger()
    world.log_rows(600, {"v1": champion, "v2": challenger}, v1=0.6, v2=0.2)
    world.change("challenge", error_rate=UNPROVEN)
    world.step()
    assert world.kinds() == (["reject"] if rejected else [])
    if rejected:
        assert f"it takes {1000 * challenger:.1f} ms in the mean where the champion takes" in (
            world.state.reason
        )


def test_few_rows_rule_nobody_out(world: "World") -> None:
    world.challenger()
    world.log_rows(100, v1=0.6, v2=0.2)
    world.log_rows(300, v1=0.6)
    world.step()
    assert world.kinds() == []


def test_the_champion_before_is_not_ruled_out_in_a_probation(world: "World") -> None:
    world.on_probation()
    world.log_rows(600, {"v1": 0.9, "v2": 0.001}, v1=0.3, v2=0.3)
    world.step()
    assert world.kinds() == []


@pytest.mark.parametrize(
    ("champion", "challenger", "kind"), [(0.6, 0.2, "promote"), (0.2, 0.6, "reject")]
)
def test_in_a_split_the_better_version_is_found_by_key(
    champion: float, challenger: float, kind: str, world: "World"
) -> None:
    world.change("challenge", mode="split")
    world.challenger()
    world.log_split(3000, champion, challenger)
    world.clock.advance(4 * DAY)
    world.step()
    assert world.kinds() == [kind]
    figures = list(world.journal.done())[-1].figures
    assert 200 < figures["challenger_rows"] < 400 and figures["rows"] > 2400
    assert "labelled keys against the champion's" in world.state.reason


def test_in_a_split_two_equal_versions_stay_until_the_time_is_over(world: "World") -> None:
    world.change("challenge", mode="split")
    world.challenger()
    world.log_split(3000, 0.3, 0.3)
    world.clock.advance(4 * DAY)
    assert world.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"] and "not proven better in 60 days" in world.state.reason


def test_in_a_split_a_challenger_that_fails_is_found_by_the_keys_drawn_for_it(
    world: "World",
) -> None:
    world.change("challenge", mode="split", share=0.5)
    world.challenger()
    world.log_split(1500, 0.6, 0.2, failing=True)
    world.step()
    assert world.kinds() == ["reject"]
    assert "left 100.0% of" in world.state.reason
