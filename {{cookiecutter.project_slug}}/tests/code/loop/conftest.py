"""A loop with everything around it in one folder: real transitions, no MLflow and no training.

A world is opened again from its folder, as a new process would. Whatever it writes goes past a
fuse, which can cut it off before and after any single write.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from {{ cookiecutter.package_name }}.bundle import Manifest, write_bundle
from {{ cookiecutter.package_name }}.clock import ManualClock
from {{ cookiecutter.package_name }}.contract.model import parse_contract
from {{ cookiecutter.package_name }}.evaluation.gate import Verdict
from {{ cookiecutter.package_name }}.exclusive import exclusive
from {{ cookiecutter.package_name }}.journal import Journal
from {{ cookiecutter.package_name }}.loop.attempt import Attempt, Retrained
from {{ cookiecutter.package_name }}.loop.custody import (
    Kept,
    KeptState,
)
from {{ cookiecutter.package_name }}.loop.desk import LEASE, Desk
from {{ cookiecutter.package_name }}.loop.hearing import Hearing
from {{ cookiecutter.package_name }}.loop.machine import Loop, Step
from {{ cookiecutter.package_name }}.loop.notes import Notes
from {{ cookiecutter.package_name }}.loop.state import State, StateStore
from {{ cookiecutter.package_name }}.loop.states import open_state
from {{ cookiecutter.package_name }}.monitoring import Finding, Monitoring, Window
from {{ cookiecutter.package_name }}.prediction_log import Label, LoggedRow, Output, Record
from {{ cookiecutter.package_name }}.publication import open_bundle_store
from {{ cookiecutter.package_name }}.registry import Transitions, Version
from {{ cookiecutter.package_name }}.serving.identifiers import fraction
from {{ cookiecutter.package_name }}.settings import Settings, load_settings
from {{ cookiecutter.package_name }}.training.role import give_role

ROOT = Path(__file__).parents[3]
START = datetime(2013, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FEATURES = "features"
CONTRACT = """
problem: binary
label_horizon: 1d
columns:
  price: {type: number, example: 9.5}
  returned: {type: boolean, role: target}
"""
Answer = TypeVar("Answer")
DRIFT = Finding("drift", "wind_speed", "wasserstein", 0.4, 0.1, "warning")


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Counts the moments before and after each write; at one of them the process dies."""

    at: int | None = None
    die: Callable[[], None] = lambda: None
    passed: int = 0

    def __call__(self) -> None:
        self.passed += 1
        if self.at is not None and self.passed >= self.at:  # the dead write nothing more
            self.die()
            raise Crash


class Fused:
    """A collaborator whose writes go past a fuse."""

    def __init__(self, inner: Any, fuse: Fuse, *writes: str) -> None:
        self._inner, self._fuse, self._writes = inner, fuse, writes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._writes:
            return found

        def write(*args: Any, **kwargs: Any) -> Any:
            self._fuse()
            result = found(*args, **kwargs)
            self._fuse()
            return result

        return write


class PaperRegistry:
    """What MLflow keeps of versions, in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, tags: dict[str, str]) -> str:
        body = self._body()
        # MLflow counts on after a half-made version; here its number is taken again, so that
        # worlds can be compared.
        number = str(len(self.versions()) + 1)
        body["versions"][number] = {**tags, "complete": ""}
        self._keep(body)
        return number

    def complete(self, version: str) -> None:
        body = self._body()
        body["versions"][version]["complete"] = "true"
        self._keep(body)

    def versions(self) -> tuple[Version, ...]:
        found = self._body()["versions"].items()
        return tuple(
            Version(number, f"run-{number}", START, (), tags)
            for number, tags in found
            if tags["complete"]
        )

    def version(self, version: str) -> Version:
        return next(found for found in self.versions() if found.version == version)

    def alias(self, alias: str) -> str | None:
        found: str | None = self._body()["aliases"].get(alias)
        return found

    def set_alias(self, alias: str, version: str | None) -> None:
        body = self._body()
        body["aliases"][alias] = version
        self._keep(body)

    def _body(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"versions": {}, "aliases": {}}
        body: dict[str, Any] = json.loads(self._path.read_text())
        return body

    def _keep(self, body: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(body))


class MemoryPlace:
    """The smallest place there is; a process that comes later gets the same object."""

    def __init__(self) -> None:
        self._kept = Kept()

    def change(self, decide: Callable[[Kept], tuple[Answer, Kept]]) -> Answer:
        answer, self._kept = decide(self._kept)
        return answer


class Rows:
    """A prediction log that holds only what the judge reads."""

    def __init__(self) -> None:
        self.kept: list[LoggedRow] = []

    def rows(
        self, since: datetime, until: datetime, *, labelled: bool, version: str | None
    ) -> Iterator[LoggedRow]:
        return (
            row
            for row in self.kept
            if since <= row.record.event_time < until
            and (version is None or version in {output.version for output in row.record.outputs})
        )

    def sample(self, since: datetime, until: datetime | None, limit: int) -> list[LoggedRow]:
        return [row for row in self.kept if since <= row.record.event_time]


@dataclass
class World:
    """All that a loop touches.

    found: what monitoring says. passes: whether the gate lets a retrained version pass. kept:
    where the loop's state is; the real store takes a hundred times as long. changed: when the
    change that monitoring found began.
    """

    root: Path
    kept: StateStore = field(default_factory=lambda: KeptState(MemoryPlace()))
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    fuse: Fuse = field(default_factory=Fuse)
    found: Monitoring | None = None
    passes: bool = True
    changed: datetime | None = None
    alerts: list[str] = field(default_factory=list)
    retrainings: list[Attempt] = field(default_factory=list)
    before_training: Callable[[], None] = lambda: None
    lock: Callable[[], AbstractContextManager[None]] = nullcontext

    def __post_init__(self) -> None:
        self.settings: Settings = settings()
        self.root.mkdir(parents=True, exist_ok=True)
        self.log = Rows()
        self.open()

    def open(self, holder: str = "this process") -> None:
        """Begin as a new process: all that is known comes from the folder."""
        self.states = Fused(self.kept, self.fuse, "save", "acquire", "release")
        self.journal = Fused(Journal(self.root / "journal.jsonl"), self.fuse, "append")
        self.store = Fused(
            open_bundle_store("bundles", self.root), self.fuse, "set_entry", "publish"
        )
        self.registry = Fused(
            PaperRegistry(self.root / "registry.json"),
            self.fuse,
            "create",
            "complete",
            "set_alias",
        )
        self.desk = Desk(self.states, self.clock, holder)
        self.transitions = Transitions(
            registry=self.registry,
            store=self.store,
            journal=self.journal,
            clock=self.clock,
            features_digest=FEATURES,
            probation=bool(self.settings.challenge.probation),
            lock=self.lock,
        )

    def change(self, section: str, **values: Any) -> None:
        """Set keys of one section of the settings."""
        changed = getattr(self.settings, section).model_copy(update=values)
        self.settings = self.settings.model_copy(update={section: changed})
        self.open()

    def loop(self) -> Loop:
        return Loop(
            settings=self.settings,
            desk=self.desk,
            notes=Notes(self.journal, self.clock),
            transitions=replace(self.transitions, guard=self.desk.require),
            clock=self.clock,
            retrain=self._retrain,
            appoint=self._appoint,
            monitor=self._monitor,
            alert=self._alert,
            watch=self._watch,
            began=lambda monitoring, kind: self.changed,
            hear=Hearing(
                self.settings.challenge,
                parse_contract(CONTRACT),
                self.log,  # type: ignore[arg-type]
                self.clock,
                largest_error=lambda version: 1.0,
            ).ruling,
        )

    def step(self) -> Step:
        return self.loop().step()

    @property
    def state(self) -> State:
        state: State = self.states.load()[0]
        return state

    def log_split(
        self, count: int, champion: float, challenger: float, *, failing: bool = False
    ) -> None:
        """The same, each key with the version that the draw gives it; `failing`: none with 2."""
        first = START + timedelta(minutes=len(self.log.kept))
        for number in range(count):
            moment, key = first + timedelta(minutes=number), f"key {number}"
            drawn = fraction(key, "2") < self.settings.challenge.share
            late = challenger if drawn else champion
            version = "2" if drawn and not (failing and self.log.kept) else "1"
            outputs = (Output(version, "", True, False, [1 - late, late]),)
            record = Record(f"p{moment}", key, moment, moment, {}, outputs)
            self.log.kept.append(LoggedRow(record, Label(record.prediction_id, False, moment)))

    def find(self, **answers: Any) -> None:
        """What monitoring will say of the window that ends now."""
        now = self.clock.now()
        calm: dict[str, Any] = {"drift": False, "quality": False, "performance": "ok"}
        self.found = Monitoring(Window(now - 30 * DAY, now, 100, 100), **{**calm, **answers})

    def drift(self, performance: str = "ok") -> None:
        """One column has drifted, says monitoring."""
        self.find(drift=True, findings=(DRIFT,), performance=performance)

    def put(self, **changes: Any) -> None:
        """Put the loop's state, whoever holds the lease."""
        state, revision = self.states.load()
        assert self.states.save(msgspec.structs.replace(state, **changes), revision)

    def register(self, *, passes: bool = True, attempt: str = "") -> str:
        """A version that the gate has seen."""
        tags = {"gate": "passed" if passes else "refused", "attempt": attempt}
        version: str = self.registry.create(tags)
        manifest = Manifest(
            version=version,
            run_id=f"run-{version}",
            problem="binary",
            classes=(False, True),
            created="",
            features_digest=FEATURES,
            contract_digest="",
            snapshot="",
        )
        files = {"model.onnx": b"", "encoder.json": b"", "contract.yaml": CONTRACT.encode()}
        if passes:
            self.store.publish(write_bundle(self.root / "drafts" / version, manifest, files))
        self.registry.complete(version)
        return version

    def champion(self) -> None:
        """Version 1 serves, since START, and the window before was monitored."""
        self.transitions.promote(self.register(), actor="test", reason="the first")
        self.put(
            phase="steady", champion="1", reason="the first", since=START, monitored_until=START
        )

    def challenger(self) -> None:
        """Version 2 challenges version 1 since START."""
        self.champion()
        self.transitions.challenge(
            self.register(),
            actor="test",
            reason="the second",
            mode=self.settings.challenge.mode,
            share=self.settings.challenge.share,
        )
        self.put(phase="challenging", champion="1", challenger="2", reason="the second")

    def on_probation(self) -> None:
        """Version 2 has taken the place of version 1 at START."""
        self.challenger()
        self.transitions.promote("2", actor="test", reason="better")
        self.put(phase="probation", champion="2", challenger="1", reason="better")

    def log_rows(
        self, count: int, seconds: dict[str, float] | None = None, **probabilities: float
    ) -> None:
        """Rows of a minute each, all with the outcome False; `v1=0.2` answers for version 1.

        `seconds` says how long each version took.
        """
        first = START + timedelta(minutes=len(self.log.kept))
        for number in range(count):
            moment = first + timedelta(minutes=number)
            outputs = tuple(
                Output(name[1:], "", False, False, [1 - late, late], (seconds or {}).get(name))
                for name, late in probabilities.items()
            )
            record = Record(f"p{moment}", None, moment, moment, {}, outputs)
            self.log.kept.append(LoggedRow(record, Label(record.prediction_id, False, moment)))

    def published(self) -> tuple[str | None, str | None, bool]:
        """Champion, challenger, probation; the aliases agree with them."""
        entry = self.transitions.published()
        assert entry.champion == self.registry.alias("champion")
        assert entry.challenger == self.registry.alias("challenger")
        return entry.champion, entry.challenger, entry.probation

    def kinds(self) -> list[str]:
        """What the loop did, as the journal has it."""
        return [entry.kind for entry in self.journal.done() if entry.actor == "loop"]

    def summary(self) -> dict[str, Any]:
        """Where everything stands, without the times."""
        state = self.state
        return {
            "published": self.published(),
            "versions": [(one.version, dict(one.tags)["gate"]) for one in self.registry.versions()],
            "state": (state.phase, state.reason, state.champion, state.challenger, state.refused),
            "retrained": len(state.retrained),
            "journal": [
                (entry.kind, entry.reason, entry.figures.get("version"))
                for entry in self.journal.done()
                if entry.kind != "dropped"
            ],
        }

    def _retrain(self, attempt: Attempt) -> Retrained:
        made = [one for one in self.registry.versions() if one.tags["attempt"] == attempt.name]
        if made and attempt.resumed:
            passed, version = made[0].tags["gate"] == "passed", made[0].version
        else:
            self.retrainings.append(attempt)
            self.before_training()
            version, passed = self.register(passes=self.passes, attempt=attempt.name), self.passes
        return Retrained(version, f"run-{version}", passed, "log_loss is 0.4.", {"score": 0.4})

    def _appoint(self, result: Retrained, reason: str) -> None:
        published = self.transitions.published()
        if result.version not in (published.champion, published.challenger):
            give_role(
                result.version,
                Verdict(result.passed, (result.sentence,), result.figures),
                self.settings,
                replace(self.transitions, guard=self.desk.require),
                actor="loop",
                reason=reason,
            )

    def _monitor(self) -> Monitoring:
        if self.found is None:
            self.find()
        assert self.found is not None
        return self.found

    def _watch(self, found: Monitoring, told: Mapping[str, str]) -> None:
        for text in told.values():
            self._alert(text)

    def _alert(self, text: str) -> None:
        self.fuse()
        self.alerts.append(text)


@cache
def settings() -> Settings:
    """Those of the project, but for the judge, who needs weeks where it bets on days."""
    found = load_settings(ROOT)
    challenge = found.challenge.model_copy(update={"unit": "row"})
    return found.model_copy(update={"challenge": challenge})


def drifts(world: World) -> None:
    world.champion()
    world.drift()


def refused(world: World) -> None:
    drifts(world)
    world.passes = False


def better(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.6, v2=0.2)


def worse(world: World) -> None:
    world.challenger()
    world.log_rows(800, v1=0.2, v2=0.6)


def regretted(world: World) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.2, v2=0.6)


def confirmed(world: World) -> None:
    world.on_probation()
    world.log_rows(800, v1=0.6, v2=0.2)


def rolled_back(world: World) -> None:
    world.change("actions", performance="rollback")
    world.on_probation()
    world.transitions.confirm(actor="test", reason="enough")
    world.find(performance="worse")


def at_once(world: World) -> None:
    world.change("loop", promotion="gate")
    drifts(world)


def by_hand(world: World) -> None:
    world.change("loop", promotion="manual")
    drifts(world)


# What the loop is about to do, by the transition that comes of it.
SCENARIOS: dict[str, Callable[[World], None]] = {
    "first model": lambda world: None,
    "challenge": drifts,
    "refused": refused,
    "promote": better,
    "reject": worse,
    "rollback of a probation": regretted,
    "confirm": confirmed,
    "rollback by a finding": rolled_back,
    "promote by the gate": at_once,
    "wait for a person": by_hand,
}


def prepared(world: World, scenario: str) -> World:
    """A world in which the next step has something to do."""
    SCENARIOS[scenario](world)
    world.clock.advance(31 * DAY)
    world.fuse = Fuse()
    world.open()
    return world


def copied(world: World, root: Path, fuse: Fuse) -> World:
    """The same world in another folder, with a fuse of its own."""
    shutil.copytree(world.root, root)
    clock = ManualClock(world.clock.now())
    copy = replace(world, root=root, kept=deepcopy(world.kept), clock=clock, fuse=fuse, alerts=[])
    copy.settings, copy.log = world.settings, world.log
    copy.open()
    return copy


def durable(root: Path, address: str) -> World:
    """A world that outlives the process, with its state beside the log at an address."""
    store = open_state(address, root=root)
    return World(root, store, lock=lambda: exclusive(root / "lock", 5))


def revived(world: World) -> World:
    """The same after a crash, in a new process, once the lease of the dead one has ended."""
    world.clock.advance(LEASE)
    world.fuse = Fuse()
    world.open("another process")
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


if __name__ == "__main__":  # a process that kills itself: FOLDER ADDRESS SCENARIO MOMENT
    import os
    import signal

    folder, address, scenario, moment = sys.argv[1:]
    doomed = prepared(durable(Path(folder), address), scenario)
    doomed.fuse = Fuse(int(moment), lambda: os.kill(os.getpid(), signal.SIGKILL))
    doomed.open()
    doomed.step()
