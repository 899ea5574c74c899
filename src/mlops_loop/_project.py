"""The project: builds every collaborator once, from the settings."""

import os
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ._audit_log import AuditLog
from ._bundle import Bundle
from ._clock import Clock, SystemClock
from ._feature_set import FeatureSet
from ._file_lock import file_lock
from ._paths import Paths
from ._pseudonyms import Pseudonyms
from ._publication import BundleStore, Rollout, open_bundle_store, rollout_key
from ._run_context import RunContext
from ._settings import CONFIG, Settings
from ._settings_loading import load_settings
from .contract import Contract
from .prediction_log import NONE, PredictionLog, open_prediction_log

if TYPE_CHECKING:
    from ._prediction_hooks import AfterPredict, BeforePredict, PredictionHooks
    from ._predictor import BundlePredictor
    from .loop._state import StateStore
    from .registry._callbacks import Callback
    from .registry._mlflow_registry import Registry
    from .registry._transitions import Transitions


class Project:
    """A project: its folder, settings and features, and the stores that the settings name.

    Stores are opened on first use.

    Args:
        root: the project's folder, which holds `config/`.
        package: name of the Python package; `python -m PACKAGE` is the command line and
            `PACKAGE.app:app` the application.
        features: the features of `features.py`.
        settings: class of the settings, `Settings` or a subclass.
        before_predict: hooks called with the columns of rows before the model predicts them; each
            returns columns of the same names, types and length. Hooks have to treat each row by
            itself, as rows of several requests are predicted together.
        after_predict: hooks called with columns and `Prediction` before the response; each returns
            a `Prediction` for the same rows.
        clock: the clock; by default the system's.
        on_promotion: functions called with a `ChampionChange` after a version became champion, by
            any command. An exception is logged and changes nothing. They should be fast, as other
            transitions wait, and may be called again if the process ended before the promotion
            was recorded (at least once).
        on_rollback: the same for a rollback.
        prediction_log: opens the prediction log, e.g. a store of your own or one that wraps the
            library's; by default the store that the setting `prediction_log` names.

    The environment variable `PACKAGE__ROOT`, with the package's name in capitals, overrides `root`,
    e.g. in a container. A package that was installed as a wheel has no `config/` at `root`; then
    the current folder is the project's, if it has one.

    Examples:
        >>> project = Project("/srv/demo", package="demo", features=FeatureSet())
        >>> project.env_prefix
        'DEMO__'

    Examples: A callback on promotion.
        >>> from mlops_loop.registry import ChampionChange
        >>> def announce(change: ChampionChange) -> None:
        ...     print(f"version {change.version} replaces {change.previous}: {change.reason}")
        ...
        >>> project = Project(
        ...     "/srv/demo", package="demo", features=FeatureSet(), on_promotion=[announce]
        ... )
    """

    def __init__(
        self,
        root: str | Path,
        *,
        package: str,
        features: FeatureSet,
        settings: type[Settings] = Settings,
        before_predict: "Sequence[BeforePredict]" = (),
        after_predict: "Sequence[AfterPredict]" = (),
        clock: Clock | None = None,
        on_promotion: "Sequence[Callback]" = (),
        on_rollback: "Sequence[Callback]" = (),
        prediction_log: "Callable[[Project], PredictionLog] | None" = None,
    ) -> None:
        self.package = package
        self.root = find_root(Path(root), os.environ.get(f"{self.env_prefix}ROOT"))
        self.paths = Paths(self.root)
        self.clock = clock or SystemClock()
        self.settings_type = settings
        self.before_predict = before_predict
        self.after_predict = after_predict
        self.declared_features = features
        self.callbacks = {"promote": on_promotion, "rollback": on_rollback}
        self.open_log = prediction_log or _open_log
        self.context = RunContext()

    @property
    def env_prefix(self) -> str:
        """Prefix of the environment variables that override settings."""
        return f"{self.package.upper()}__"

    @property
    def name(self) -> str:
        """The display name: `name` of the settings, else the package."""
        return self.settings.name or self.package

    def within(self, context: RunContext) -> "Project":
        """The same project, sharing its open stores, for stages that run in this context."""
        _ = self.log, self.transitions  # opened once for both
        project = copy(self)
        project.context = context
        return project

    def copy(self, *, root: Path | None = None, clock: Clock | None = None) -> "Project":
        """The same project in another folder or with another clock, with nothing opened yet."""
        project = copy(self)
        for name in [name for name in vars(project) if name in _CACHED]:
            delattr(project, name)
        project.root = (root or self.root).resolve()
        project.paths = Paths(project.root)
        project.clock = clock or self.clock
        return project

    def with_engine(self, address: str) -> "Project":
        """The same project with another engine than that of the settings, nothing opened yet."""
        project = self.copy()
        project.settings = self.settings.model_copy(update={"engine": address})
        return project

    @cached_property
    def settings(self) -> Settings:
        """Read from `config/project.yaml` and the environment.

        Raises:
            SettingsError: if a key is unknown or has an invalid value.
        """
        return load_settings(self.root, self.settings_type, prefix=self.env_prefix)

    @cached_property
    def contract(self) -> Contract:
        return self.settings.contract()

    @cached_property
    def features(self) -> FeatureSet:
        """The declared features without those disabled in the settings, and with the calendar."""
        features = self.settings.features
        return self.declared_features.without(features.disabled).with_calendar(features.calendar)

    @property
    def hooks(self) -> "PredictionHooks":
        """The functions that run before and after a prediction, online and in batch scoring."""
        from ._prediction_hooks import PredictionHooks

        return PredictionHooks(self.before_predict, self.after_predict)

    @cached_property
    def log(self) -> PredictionLog:
        return self.open_log(self)

    @cached_property
    def bundles(self) -> BundleStore:
        return open_bundle_store(self.settings.bundle_store, self.root)

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.paths.audit_log)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        return Pseudonyms(self.paths.secret)

    @cached_property
    def loop_state(self) -> "StateStore":
        from .loop._states import open_state

        return open_state(
            self.settings.prediction_log,
            root=self.root,
            target_digest=self.contract.target_digest,
        )

    @cached_property
    def registry(self) -> "Registry":
        from .registry._mlflow_registry import Registry

        return Registry.open(self.settings)

    @cached_property
    def transitions(self) -> "Transitions":
        from .registry._transitions import Transitions

        return Transitions(
            registry=self.registry,
            store=self.bundles,
            audit_log=self.audit_log,
            clock=self.clock,
            features_digest=self.features.digest,
            contract=self.contract,
            require_servable=self._require_servable,
            probation=bool(self.settings.challenge.probation) and self._keeps_predictions,
            lock=lambda: file_lock(self.paths.transitions_lock),
            callbacks=self.callbacks,
        )

    @property
    def _keeps_predictions(self) -> bool:
        """Whether a trial could be judged."""
        return self.settings.prediction_log != NONE

    @property
    def rollout_key(self) -> str:
        """Key of the versions that serve with the current features and predict the target."""
        return rollout_key(self.features.digest, self.contract.target_digest)

    def published(self) -> Rollout:
        """The versions in service with the current features and target."""
        return self.bundles.pointer().rollout(self.rollout_key)

    def load_predictor(
        self, bundle: Bundle, *, features: FeatureSet | None = None, threads: int = 1
    ) -> "BundlePredictor":
        """The model of a bundle, ready to predict.

        Args:
            bundle: a published version.
            features: the features that it was trained with; by default the project's.
            threads: number of threads that a prediction may use.

        Raises:
            BundleError: if it cannot be loaded in this environment.
        """
        # Imported when a model is loaded; a step of the loop without work does not need it.
        from ._predictor import BundlePredictor

        trusted = self.settings.serving.trusted_types
        return BundlePredictor(
            bundle, features or self.features, threads=threads, trusted_types=trusted
        )

    def _require_servable(self, bundle: Bundle) -> None:
        from ._servable import require_servable

        require_servable(bundle, self.load_predictor, self.hooks)

    def close(self) -> None:
        """Close the prediction log if it was opened; it is opened again on next use."""
        if "log" in self.__dict__:
            self.log.close()
            del self.log


def _open_log(project: Project) -> PredictionLog:
    return open_prediction_log(
        project.settings.prediction_log,
        root=project.root,
        schema_digest=project.contract.schema_digest,
        target_digest=project.contract.target_digest,
    )


# Attributes that a copy of a project builds again.
_CACHED = {name for name, value in vars(Project).items() if isinstance(value, cached_property)}


def find_root(declared: Path, override: str | None) -> Path:
    """The folder of a project: `override`, else `declared`, else the current one if it has config.

    Examples:
        >>> find_root(Path("/srv/demo"), "/mnt/demo").as_posix()
        '/mnt/demo'
    """
    if override is not None:
        return Path(override).resolve()
    here = Path.cwd()
    is_installed = not (declared / CONFIG).is_file() and (here / CONFIG).is_file()
    return (here if is_installed else declared).resolve()
