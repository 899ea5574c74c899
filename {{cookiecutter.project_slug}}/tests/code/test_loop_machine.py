"""The state machine, with collaborators that live in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from {{ cookiecutter.package_name }}.clock import ManualClock
from {{ cookiecutter.package_name }}.journal import Entry, Journal
from {{ cookiecutter.package_name }}.loop.machine import RETRAINING_LEASE, Loop, Retrained
from {{ cookiecutter.package_name }}.loop.sqlite_state import SqliteStateStore
from {{ cookiecutter.package_name }}.loop.state import State
from {{ cookiecutter.package_name }}.monitoring import Finding, Monitoring, Window
from {{ cookiecutter.package_name }}.prediction_log import Label, Output, Record, open_prediction_log
from {{ cookiecutter.package_name }}.publication import Entry as Published
from {{ cookiecutter.package_name }}.settings import Settings

START = datetime(2013, 3, 1, tzinfo=UTC)


@dataclass
class World:
    """All that a loop touches, kept in memory or in a temporary folder."""

    root: Path
    settings: Settings
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    published: Published = field(default_factory=Published)
    found: Monitoring | None = None
    alerts: list[str] = field(default_factory=list)
    retrainings: list[str] = field(default_factory=list)
    retrain: Callable[["World", str], Retrained] | None = None

    def __post_init__(self) -> None:
        self.journal = Journal(self.root / "journal.jsonl")
        self.states = SqliteStateStore(self.root / "loop.db")
        self.log = open_prediction_log("sqlite:///log.db", root=self.root)

    def loop(self) -> Loop:
        return Loop(
            settings=self.settings,
            contract=self.settings.contract(),
            log=self.log,
            states=self.states,
            journal=self.journal,
            transitions=self,  # type: ignore[arg-type]
            clock=self.clock,
            published=lambda: self.published,
            retrain=self._retrain,
            monitor=self._monitor,
            alert=self.alerts.append,
            largest_error=lambda version: 1.0,
        )

    def promote(self, version: str, *, reason: str, **_: Any) -> None:
        self.published = Published(champion=version)
        self._tell("promote", reason)

    def reject(self, version: str, *, reason: str, **_: Any) -> None:
        self.published = msgspec.structs.replace(self.published, challenger=None)
        self._tell("reject", reason)

    def rollback(self, *, reason: str, **_: Any) -> None:
        self._tell("rollback", reason)

    def _tell(self, kind: str, reason: str) -> None:
        self.journal.append(Entry(self.clock.now(), kind, "loop", reason))

    def _retrain(self, reason: str) -> Retrained:
        self.retrainings.append(reason)
        assert self.retrain is not None
        return self.retrain(self, reason)

    def _monitor(self) -> Monitoring:
        assert self.found is not None
        return self.found


@pytest.fixture
def world(tmp_path: Path, shop_settings: Settings) -> Iterator[World]:
    world = World(tmp_path, shop_settings)
    yield world
    world.log.close()


def monitoring(**answers: Any) -> Monitoring:
    window = Window(START, START + timedelta(days=30), 100, 100)
    calm = Monitoring(window, drift=False, quality=False, performance="ok")
    return replace(calm, **answers)


DRIFT = Finding("drift", "wind_speed", "wasserstein", 0.4, 0.1, "warning")


def first_champion(world: World, reason: str) -> Retrained:
    world.published = Published(champion="1")
    return Retrained("1", "run", True, "beats the baseline")


def new_challenger(world: World, reason: str) -> Retrained:
    world.published = msgspec.structs.replace(world.published, challenger="2")
    return Retrained("2", "run", True, "not worse than version 1")


def log_rows(world: World, count: int, *, champion: float, challenger: float) -> None:
    """Rows that both versions predicted, none of them late, all labelled."""
    begin = world.clock.now()
    records = [
        Record(
            f"p{number}",
            None,
            begin + timedelta(seconds=number),
            begin,
            {},
            (
                Output("1", "champion", True, False, [1 - champion, champion]),
                Output("2", "challenger", False, False, [1 - challenger, challenger]),
            ),
        )
        for number in range(count)
    ]
    world.log.append(records).result(10)
    world.log.add_labels([Label(record.prediction_id, False, begin) for record in records])


def challenging(world: World) -> Loop:
    """A loop whose version 2 has just begun to challenge version 1."""
    world.published = Published(champion="1", challenger="2")
    world.states.save(
        State(phase="challenging", since=START, challenger="2", monitored_until=START), 0
    )
    return world.loop()


def kinds(world: World) -> list[str]:
    return [entry.kind for entry in world.journal.entries()]


def test_without_a_champion_the_first_step_trains_one(world: World) -> None:
    world.retrain = first_champion
    step = world.loop().step()
    assert [entry.kind for entry in step.entries] == ["retrain"]
    assert world.retrainings == ["there is no champion yet"]
    assert world.states.load()[0].phase == "steady"


def test_nothing_due_changes_nothing(world: World) -> None:
    world.retrain = first_champion
    world.loop().step()
    before = world.states.load()
    assert world.loop().step().entries == ()
    assert world.states.load() == before


def test_a_drift_retrains_and_the_new_version_challenges(world: World) -> None:
    world.retrain = first_champion
    world.loop().step()
    world.clock.advance(timedelta(days=31))
    world.found = monitoring(drift=True, findings=(DRIFT,))
    world.retrain = new_challenger
    world.loop().step()
    state, _ = world.states.load()
    assert (state.phase, state.challenger) == ("challenging", "2")
    assert world.retrainings[-1] == "drift in wind_speed"
    assert world.alerts == ["drift in wind_speed"]


def test_a_calm_month_retrains_nothing(world: World) -> None:
    world.retrain = first_champion
    world.loop().step()
    world.clock.advance(timedelta(days=31))
    world.found = monitoring()
    assert world.loop().step().monitoring is world.found
    assert len(world.retrainings) == 1 and not world.alerts


def test_one_drift_makes_one_retraining(world: World) -> None:
    """The cooldown holds although the drift is found again."""
    world.settings = world.settings.model_copy(
        update={"loop": world.settings.loop.model_copy(update={"cooldown": timedelta(days=40)})}
    )
    world.retrain = first_champion
    world.loop().step()
    world.clock.advance(timedelta(days=31))
    world.found = monitoring(drift=True, findings=(DRIFT,))
    world.loop().step()
    assert len(world.retrainings) == 1


def test_the_budget_ends_retraining(world: World) -> None:
    world.published = Published(champion="1")
    budget = world.settings.loop.budget
    spent = tuple(START - timedelta(days=300) for _ in range(budget))
    world.states.save(State(retrained=spent, monitored_until=START - timedelta(days=40)), 0)
    world.found = monitoring(drift=True, findings=(DRIFT,))
    world.loop().step()
    assert world.retrainings == []


def test_a_refusing_gate_leaves_the_champion(world: World) -> None:
    world.published = Published(champion="1")
    world.found = monitoring(performance="worse")
    world.retrain = lambda _world, _reason: Retrained("2", "run", False, "worse than version 1")
    world.loop().step()
    assert kinds(world) == ["retrain", "refused"]
    assert world.published == Published(champion="1")
    assert world.states.load()[0].phase == "steady"


def test_a_better_challenger_is_promoted(world: World) -> None:
    loop = challenging(world)
    log_rows(world, 2000, champion=0.6, challenger=0.2)
    world.clock.advance(timedelta(days=3))
    loop.step()
    assert kinds(world) == ["promote"]
    assert world.published.champion == "2"
    assert "proven better" in world.states.load()[0].reason


def test_a_worse_challenger_is_rejected(world: World) -> None:
    loop = challenging(world)
    log_rows(world, 2000, champion=0.2, challenger=0.6)
    world.clock.advance(timedelta(days=3))
    loop.step()
    assert kinds(world) == ["reject"]
    assert world.published == Published(champion="1")


def test_a_challenger_that_proves_nothing_is_rejected_in_the_end(world: World) -> None:
    loop = challenging(world)
    log_rows(world, 600, champion=0.3, challenger=0.3)
    world.clock.advance(timedelta(days=3))
    assert loop.step().entries == ()
    world.clock.advance(world.settings.challenge.max_duration)
    world.found = monitoring()
    loop.step()
    assert kinds(world) == ["reject"]


def test_labels_younger_than_the_horizon_are_not_looked_at(world: World) -> None:
    loop = challenging(world)
    log_rows(world, 2000, champion=0.6, challenger=0.2)
    world.clock.advance(timedelta(hours=12))
    assert loop.step().entries == ()


def test_what_a_person_decided_is_noticed(world: World) -> None:
    loop = challenging(world)
    world.published = Published(champion="2")
    loop.step()
    assert world.states.load()[0].phase == "steady"
    assert kinds(world) == []


def test_a_challenger_that_a_person_named_is_judged(world: World) -> None:
    world.published = Published(champion="1", challenger="2")
    world.states.save(State(monitored_until=START), 0)
    world.loop().step()
    state, _ = world.states.load()
    assert (state.phase, state.challenger, state.since) == ("challenging", "2", START)


def test_a_retraining_that_fails_leaves_the_loop_steady(world: World) -> None:
    def broken(_world: World, _reason: str) -> Retrained:
        raise RuntimeError("no memory left")

    world.retrain = broken
    with pytest.raises(RuntimeError):
        world.loop().step()
    assert world.states.load()[0].phase == "steady"


def test_a_retraining_that_was_cut_off_is_taken_up_again(world: World) -> None:
    world.published = Published(champion="1")
    world.states.save(State(phase="retraining", since=START, reason="drift in wind_speed"), 0)
    world.retrain = new_challenger
    assert world.loop().step().entries == ()
    world.clock.advance(RETRAINING_LEASE)
    world.loop().step()
    assert world.retrainings == ["taken up again: drift in wind_speed"]


def test_a_paused_loop_stands_still(world: World) -> None:
    world.states.save(State(paused=True), 0)
    assert world.loop().step().entries == ()
    assert world.retrainings == []


def test_a_step_that_lost_the_race_changes_nothing(world: World) -> None:
    """Another process saves its state while this one monitors."""
    world.published = Published(champion="1")
    world.states.save(State(monitored_until=START - timedelta(days=40)), 0)

    class Racing(World):
        def _monitor(self) -> Monitoring:
            state, revision = self.states.load()
            self.states.save(state, revision)
            return monitoring(drift=True, findings=(DRIFT,))

    racing = Racing(world.root, world.settings, published=world.published)
    racing.log.close()
    assert racing.loop().step().entries == ()
    assert racing.retrainings == []
