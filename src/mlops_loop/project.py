"""The project put together: every collaborator built once, from the settings."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import Clock, SystemClock
from .contract import Contract
from .exclusive import exclusive
from .feature_set import features_digest
from .journal import Journal
from .prediction_log import PredictionLog, open_prediction_log
from .publication import BundleStore, Entry, open_bundle_store
from .settings import Settings, load_settings

if TYPE_CHECKING:
    from .loop.state import StateStore
    from .registry import Registry, Transitions

VAR = Path("var")
JOURNAL = VAR / "journal.jsonl"
TRANSITIONS_LOCK = VAR / "transitions.lock"


@dataclass
class Project:
    """One project's settings and what they name, opened when first asked for."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def contract(self) -> Contract:
        return self.settings.contract()

    @cached_property
    def log(self) -> PredictionLog:
        return open_prediction_log(
            self.settings.prediction_log,
            root=self.settings.root,
            schema_digest=self.contract.schema_digest,
        )

    @cached_property
    def bundles(self) -> BundleStore:
        return open_bundle_store(self.settings.bundle_store, self.settings.root)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.settings.path(JOURNAL))

    @cached_property
    def loop_state(self) -> "StateStore":
        from .loop.states import open_state

        return open_state(
            self.settings.prediction_log,
            root=self.settings.root,
            target_digest=self.contract.target_digest,
        )

    @cached_property
    def registry(self) -> "Registry":
        from .registry import Registry

        return Registry.open(self.settings)

    @cached_property
    def transitions(self) -> "Transitions":
        from .registry import Transitions
        from .servable import require_servable

        return Transitions(
            registry=self.registry,
            store=self.bundles,
            journal=self.journal,
            clock=self.clock,
            features_digest=features_digest(),
            contract=self.contract,
            require_servable=require_servable,
            probation=bool(self.settings.challenge.probation),
            lock=lambda: exclusive(self.settings.path(TRANSITIONS_LOCK)),
        )

    def published(self) -> Entry:
        """Which versions serve under the present features code."""
        return self.bundles.pointer().entry(features_digest())

    def close(self) -> None:
        if "log" in self.__dict__:
            self.log.close()


def open_project(root: Path | None = None, clock: Clock | None = None) -> Project:
    """Open the project at `root`, by default the current folder."""
    return Project(load_settings(root), clock or SystemClock())
