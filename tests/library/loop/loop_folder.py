"""What is around a loop: versions and their roles, rows, the journal, and the loop's state.

Whatever is written goes past a fuse, which can cut it off before and after any single write.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from mlops_loop._audit_log import AuditLog
from mlops_loop._bundle import Manifest, write_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._publication import open_bundle_store
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop._traffic_split import bucket
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.loop._lease import LeaseHolder
from mlops_loop.loop._leased_state import LeasedStateStore
from mlops_loop.loop._state import State, StateStore
from mlops_loop.prediction_log import Label, LoggedRow, Output, Record
from mlops_loop.registry._transitions import Transitions

from ..places import FLIGHTS
from .collaborators import START, MemoryPlace, PaperRegistry, Rows
from .fuse import Fuse, Fused

ROOT = FLIGHTS
FEATURES = "features"
CONTRACT = """
problem: binary
label_horizon: 1d
columns:
  price: {type: number, example: 9.5}
  returned: {type: boolean, role: target}
"""


@dataclass
class LoopFolder:
    """All that a loop finds in its folder, which is opened again as a new process would.

    stored: where the loop's state is; the real store takes a hundred times as long.
    """

    root: Path
    stored: StateStore = field(default_factory=lambda: LeasedStateStore(MemoryPlace()))
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    fuse: Fuse = field(default_factory=Fuse)
    lock: Callable[[], AbstractContextManager[None]] = nullcontext

    def __post_init__(self) -> None:
        self.settings: Settings = settings()
        self.root.mkdir(parents=True, exist_ok=True)
        self.log = Rows()
        self.open()

    def open(self, holder: str = "this process") -> None:
        """Begin as a new process: all that is known comes from the folder."""
        self.states = Fused(self.stored, self.fuse, "save", "acquire", "release")
        self.audit_log = Fused(AuditLog(self.root / "audit_log.jsonl"), self.fuse, "append")
        self.store = Fused(
            open_bundle_store("bundles", self.root), self.fuse, "set_rollout", "publish"
        )
        self.registry = Fused(
            PaperRegistry(self.root / "registry.json"),
            self.fuse,
            "create",
            "complete",
            "set_alias",
        )
        self.lease = LeaseHolder(self.states, self.clock, holder)
        self.transitions = Transitions(
            registry=self.registry,
            store=self.store,
            audit_log=self.audit_log,
            clock=self.clock,
            features_digest=FEATURES,
            contract=parse_contract(CONTRACT),
            require_servable=lambda bundle: None,
            probation=bool(self.settings.challenge.probation),
            lock=self.lock,
        )

    def change(self, section: str, **values: Any) -> None:
        """Set keys of one section of the settings."""
        changed = getattr(self.settings, section).model_copy(update=values)
        self.settings = self.settings.model_copy(update={section: changed})
        self.open()

    @property
    def state(self) -> State:
        state: State = self.states.load()[0]
        return state

    def put(self, **changes: Any) -> None:
        """Put the loop's state without the lease."""
        state, revision = self.states.load()
        assert self.states.save(msgspec.structs.replace(state, **changes), revision)

    def register(self, *, passes: bool = True, attempt: str = "") -> str:
        """A version that the gate has seen."""
        tags = {"gate": "passed" if passes else "rejected", "attempt": attempt}
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
        first = START + timedelta(minutes=len(self.log.stored))
        for number in range(count):
            moment = first + timedelta(minutes=number)
            outputs = tuple(
                Output(name[1:], "", False, False, [1 - late, late], (seconds or {}).get(name))
                for name, late in probabilities.items()
            )
            record = Record(f"p{moment}", None, moment, moment, {}, outputs)
            self.log.stored.append(LoggedRow(record, Label(record.prediction_id, False, moment)))

    def log_split(
        self, count: int, champion: float, challenger: float, *, failing: bool = False
    ) -> None:
        """The same, each key with the version that the draw gives it; `failing`: none with 2."""
        first = START + timedelta(minutes=len(self.log.stored))
        for number in range(count):
            moment, key = first + timedelta(minutes=number), f"key {number}"
            drawn = bucket(key, "2") < self.settings.challenge.share
            late = challenger if drawn else champion
            version = "2" if drawn and not (failing and self.log.stored) else "1"
            outputs = (Output(version, "", True, False, [1 - late, late]),)
            record = Record(f"p{moment}", key, moment, moment, {}, outputs)
            self.log.stored.append(LoggedRow(record, Label(record.prediction_id, False, moment)))

    def published(self) -> tuple[str | None, str | None, bool]:
        """Champion, challenger, probation; the aliases agree with them."""
        entry = self.transitions.published()
        assert entry.champion == self.registry.alias("champion")
        assert entry.challenger == self.registry.alias("challenger")
        return entry.champion, entry.challenger, entry.probation

    def kinds(self) -> list[str]:
        """What the loop did, as the journal has it."""
        return [entry.kind for entry in self.audit_log.completed() if entry.actor == "loop"]

    def summary(self) -> dict[str, Any]:
        """Where everything stands, without the times."""
        state = self.state
        return {
            "published": self.published(),
            "versions": [(one.version, dict(one.tags)["gate"]) for one in self.registry.versions()],
            "state": (
                state.phase,
                state.reason,
                state.champion,
                state.challenger,
                state.consecutive_failures,
            ),
            "retrained": len(state.retrained),
            "audit_log": [
                (entry.kind, entry.reason, entry.details.get("version"))
                for entry in self.audit_log.completed()
                if entry.kind != "dropped"
            ],
        }


@cache
def settings() -> Settings:
    """Those of the project, but trials compare rows, as days take weeks, and any drift retrains."""
    found = load_settings(ROOT)
    challenge = found.challenge.model_copy(update={"unit": "row"})
    actions = found.actions.model_copy(update={"drift_only": "retrain"})
    return found.model_copy(update={"challenge": challenge, "actions": actions})
