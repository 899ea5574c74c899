"""Rows that were asked for before their event: a trial counts rows by their arrival."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_loop.loop._guardrails import sample_arrived
from mlops_loop.prediction_log import Label, Output, PredictionLog, Record, open_prediction_log

from .collaborators import START
from .world import World

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
UNPROVEN = 1e-300  # an error rate with which nothing is ever proven
BEFORE = START - 2 * DAY
# Tomorrow, as in every request for a forecast; next year; and a date that nobody means.
AHEAD = (START + DAY, START + 300 * DAY, datetime(9999, 12, 31, 23, 59, tzinfo=UTC))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    address = "sqlite:///predictions.db"
    with closing(open_prediction_log(address, root=tmp_path)) as log:
        yield log


@pytest.fixture
def trial(world: World, log: PredictionLog) -> World:
    """A challenger beside a champion, in a loop that reads a real log."""
    world.log = log  # type: ignore[assignment]
    world.change("challenge", error_rate=UNPROVEN)
    world.challenger()
    return world


def ask(
    log: PredictionLog, count: int, arrival: datetime, event_time: datetime, *versions: str
) -> None:
    """Log rows that arrived, and happen, a second after each other; labelled, for some versions."""
    end = datetime.max.replace(tzinfo=UTC)
    outputs = tuple(Output(version, "", False, False, [0.5, 0.5]) for version in versions)
    records = []
    for number in range(count):
        later = timedelta(seconds=number)
        happens = event_time + min(later, end - event_time)
        name = f"{arrival} {event_time} {number}"
        records.append(Record(name, None, happens, arrival + later, {}, outputs))
    log.append(records).result()
    log.add_labels([Label(record.prediction_id, False, START) for record in records])


@pytest.mark.parametrize("ahead", AHEAD)
def test_rows_that_were_asked_for_before_a_trial_do_not_count(
    ahead: datetime, trial: World, log: PredictionLog
) -> None:
    ask(log, 2_000, BEFORE, ahead, "1")
    ask(log, 600, START + MINUTE, START + 2 * DAY, "1", "2")
    trial.clock.advance(DAY)
    trial.step()
    assert trial.kinds() == []


@pytest.mark.parametrize("ahead", AHEAD)
def test_they_do_not_hide_that_a_challenger_fails(
    ahead: datetime, trial: World, log: PredictionLog
) -> None:
    ask(log, 5_000, BEFORE, ahead, "1")
    ask(log, 500, START + MINUTE, START + 2 * DAY, "1", "2")
    ask(log, 100, START + DAY, START + 3 * DAY, "1")
    trial.clock.advance(DAY)
    trial.step()
    assert trial.kinds() == ["reject"]
    assert "no prediction for 16.7% of 600 rows (limit 5.0%)" in trial.state.reason


def test_in_a_split_they_are_no_losses_of_the_champion(world: World, log: PredictionLog) -> None:
    world.log = log  # type: ignore[assignment]
    world.change("challenge", mode="split", share=0.5)
    world.challenger()
    ask(log, 40, START, START, "1", "2")
    ask(log, 1_000, BEFORE, START + MINUTE, "1")
    world.clock.advance(3 * world.settings.challenge.max_duration)
    world.step()
    assert world.kinds() == ["reject"]
    assert "no decision: 39 labelled rows" in world.state.reason  # the first one begins it


def test_a_sample_of_what_arrived_is_read_in_bounded_steps(log: PredictionLog) -> None:
    ask(log, 3_000, BEFORE, START + DAY, "1")
    ask(log, 50, START, START + DAY, "1")
    rows = sample_arrived(log, START, START + 2 * DAY, 20)
    assert 0 < len(rows) <= 20
    assert all(row.record.arrival_time >= START for row in rows)
