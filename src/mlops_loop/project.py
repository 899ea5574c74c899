"""The project put together: every collaborator built once, from the settings."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .clock import Clock, SystemClock
from .contract import Contract
from .exclusive import exclusive
from .feature_set import FeatureSet
from .journal import Journal
from .paths import Paths
from .prediction_log import PredictionLog, open_prediction_log
from .publication import BundleStore, Entry, open_bundle_store
from .settings import Settings, load_settings

if TYPE_CHECKING:
    from .loop.state import StateStore
    from .registry import Registry, Transitions


class Project:
    """One project: its folder, its settings and features, and what these name.

    Nothing is opened before it is asked for. The attributes below are what stages are given.

    Args:
        root: the project's folder, which holds `config/`.
        package: name that Python imports; `python -m PACKAGE` is the command line and
            `PACKAGE.app:app` the application.
        features: the project's own, from `features.py`.
        name: as people say it; by default the package's.
        settings: the project's class of settings.
        clock: what time it is; by default the system's clock.

    Example:
        >>> project = Project("/srv/demo", package="demo", features=FeatureSet())
        >>> project.name
        'demo'
    """

    def __init__(
        self,
        root: str | Path,
        *,
        package: str,
        features: FeatureSet,
        name: str | None = None,
        settings: type[Settings] = Settings,
        clock: Clock | None = None,
    ) -> None:
        self.root = Path(root).resolve()
        self.package = package
        self.name = name or package
        self.paths = Paths(self.root)
        self.clock = clock or SystemClock()
        self.settings_type = settings
        self.declared_features = features

    def copy(self, *, root: Path | None = None, clock: Clock | None = None) -> "Project":
        """The same project in another folder or on another clock, with nothing opened yet."""
        return Project(
            root or self.root,
            package=self.package,
            features=self.declared_features,
            name=self.name,
            settings=self.settings_type,
            clock=clock or self.clock,
        )

    @cached_property
    def settings(self) -> Settings:
        """Read from `config/project.yaml` and the environment.

        Raises:
            SettingsError: if a key is unknown or has an invalid value.
        """
        return load_settings(self.root, self.settings_type)

    @cached_property
    def contract(self) -> Contract:
        return self.settings.contract()

    @cached_property
    def features(self) -> FeatureSet:
        """The declared features but for those that the settings disable."""
        return self.declared_features.without(self.settings.features.disabled)

    @cached_property
    def log(self) -> PredictionLog:
        return open_prediction_log(self.settings.prediction_log, root=self.root)

    @cached_property
    def bundles(self) -> BundleStore:
        return open_bundle_store(self.settings.bundle_store, self.root)

    @cached_property
    def journal(self) -> Journal:
        return Journal(self.paths.audit_log)

    @cached_property
    def loop_state(self) -> "StateStore":
        from .loop.states import open_state

        return open_state(self.settings.prediction_log, root=self.root)

    @cached_property
    def registry(self) -> "Registry":
        from .registry import Registry

        return Registry.open(self.settings)

    @cached_property
    def transitions(self) -> "Transitions":
        from .registry import Transitions

        return Transitions(
            registry=self.registry,
            store=self.bundles,
            journal=self.journal,
            clock=self.clock,
            features_digest=self.features.digest,
            probation=bool(self.settings.challenge.probation),
            lock=lambda: exclusive(self.paths.transitions_lock),
        )

    def published(self) -> Entry:
        """Which versions serve under the present features code."""
        return self.bundles.pointer().entry(self.features.digest)

    def close(self) -> None:
        """Close what was opened."""
        if "log" in self.__dict__:
            self.log.close()
