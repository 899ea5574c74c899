"""Follows the published pointer: new versions come into service without a restart."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from threading import Event, Lock, Thread
from time import time

import structlog

from .._bundle import read_bundle, require_same_target
from .._champion import other_target
from .._prediction_hooks import PredictionHooks
from .._predictor import Predictor
from .._publication import BundleStore, Role, Rollout, rollout_key
from .._servable import PredictorFactory, load_servable
from ..contract._model import Contract, UnknownFields
from ..errors import BundleError
from ._deployment import Deployment, ServedVersion

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

_NEVER = object()
# A bundle that cannot serve may be repaired without a change of the pointer.
_RETRY_SECONDS = 60.0
# Requests that wait for a look wait for a tenth of the time at most.
_PAUSE_FACTOR = 10
# A thread that waits for a store ends with the process.
_STOP_SECONDS = 2.0


@dataclass(frozen=True)
class LoadFailure:
    """A published bundle, or the pointer itself, that cannot be put into service, and why."""

    role: Role | None
    reason: str


class DeploymentManager:
    """Holds the deployment that serves, and replaces it when the pointer changes.

    Args:
        store: store of published bundles.
        features_digest: digest of the running code; with the target it selects the rollout.
        predictor_factory: makes a predictor of a bundle.
        contract: the project's; a version with another target does not serve.
        hooks: pre- and post-processing of the project.
        unknown_fields: treatment of fields that the contract does not contain.
        other_target: returns why nothing may serve any more, because the project has got another
            target; empty as long as it has not.
        now: returns seconds of a clock that runs on while a platform freezes the process.

    Attributes:
        deployment: the current deployment; None before the first version.
        failures: published versions that cannot serve.
    """

    def __init__(
        self,
        store: BundleStore,
        *,
        features_digest: str,
        predictor_factory: PredictorFactory,
        contract: Contract,
        hooks: PredictionHooks,
        unknown_fields: UnknownFields = "reject",
        other_target: Callable[[], str] = lambda: "",
        now: Callable[[], float] = time,
    ) -> None:
        self._store = store
        self._digest = features_digest
        self._key = rollout_key(features_digest, contract.target_digest)
        self._predictor_factory = predictor_factory
        self._contract = contract
        self._hooks = hooks
        self.unknown_fields: UnknownFields = unknown_fields
        self._other_target = other_target
        self._now = now
        self._tried = self._looked = -inf
        self._failed_seconds = 0.0
        self._stamp: object = _NEVER
        self._lock = Lock()
        self.deployment: Deployment | None = None
        self.failures: tuple[LoadFailure, ...] = ()

    def refresh(self) -> None:
        """Follow the pointer if it has changed; a bundle that cannot be loaded changes nothing.

        Failed bundles are tried again when the pointer changes, and once a minute.
        """
        with self._lock:
            self._look()

    def refresh_if_older(self, seconds: float) -> None:
        """The same if the last look is older than this, and nothing else is looking meanwhile.

        A look that fails slowly, as the store hangs, is repeated after ten times as long.
        """
        age = max(seconds, _PAUSE_FACTOR * self._failed_seconds)
        if not self._is_older(self._looked, age) or not self._lock.acquire(blocking=False):
            return
        try:
            self._look()
        finally:
            self._lock.release()

    def _look(self) -> None:
        started, self._failed_seconds = self._now(), 0.0
        try:
            self._follow()
        except Exception as error:
            # A bad publication must not stop the current deployment.
            self._report(LoadFailure(None, f"the pointer cannot be followed: {error}"))
            self._stamp = _NEVER
            self._failed_seconds = self._now() - started
        self._looked = self._now()

    def _is_older(self, moment: float, seconds: float) -> bool:
        """Whether a moment is longer ago; also after the clock was set back."""
        return not 0 <= self._now() - moment < seconds

    def _follow(self) -> None:
        if reason := self._other_target():
            self.deployment, self._stamp = None, _NEVER
            self._report(LoadFailure("champion", reason))
            return
        stamp = self._store.stamp()
        retries = bool(self.failures) and self._is_older(self._tried, _RETRY_SECONDS)
        if stamp == self._stamp and not retries:
            return
        rollout = self._store.pointer().rollout(self._key)
        self._stamp = stamp
        self._tried = self._now()
        if rollout.champion is None:
            self._report(*self._missing_champion())
            return
        champion, failures = self._served("champion", rollout.champion)
        if champion is None:
            if self.deployment is None:
                self._fall_back(rollout)
            self._report(*self._answered_instead(failures))
            return
        challenger = None
        if rollout.challenger is not None:
            challenger, failures = self._served("challenger", rollout.challenger, champion=champion)
        self._deploy(rollout, champion, challenger)
        self._report(*failures)

    def _missing_champion(self) -> tuple[LoadFailure, ...]:
        """Why the pointer names no champion, unless nothing was published yet."""
        if self.deployment is not None:
            return (LoadFailure("champion", "the pointer names no champion"),)
        reason = other_target(self._store, self._contract)
        return (LoadFailure("champion", reason),) if reason else ()

    def _fall_back(self, rollout: Rollout) -> None:
        """Serve the latest earlier champion that can be loaded, as there is nothing else."""
        for version in rollout.earlier_champions:
            previous, _ = self._served("champion", version)
            if previous is not None:
                self._deploy(Rollout(champion=version), previous, None)
                return

    def _answered_instead(self, failures: tuple[LoadFailure, ...]) -> tuple[LoadFailure, ...]:
        """Failures of a champion, and which version answers instead."""
        if self.deployment is None:
            return failures
        instead = f"; version {self.deployment.champion.version} answers instead"
        return tuple(LoadFailure(one.role, one.reason + instead) for one in failures)

    def _served(
        self, role: Role, version: str, *, champion: ServedVersion | None = None
    ) -> tuple[ServedVersion | None, tuple[LoadFailure, ...]]:
        try:
            predictor = self._loaded(version) or self._load(version)
            if champion is not None:
                _require_same_inputs(predictor, champion.predictor)
        except Exception as error:
            return None, (LoadFailure(role, f"version {version} cannot serve: {error}"),)
        return ServedVersion(role, predictor), ()

    def _loaded(self, version: str) -> Predictor | None:
        versions = self.deployment.versions if self.deployment else []
        return next((each.predictor for each in versions if each.version == version), None)

    def _load(self, version: str) -> Predictor:
        bundle = read_bundle(self._store.fetch(version), self._digest)
        require_same_target(bundle, self._contract)
        return load_servable(bundle, self._predictor_factory, self._hooks)

    def _deploy(
        self, rollout: Rollout, champion: ServedVersion, challenger: ServedVersion | None
    ) -> None:
        deployment = Deployment(
            champion,
            challenger,
            rollout.mode,
            rollout.share,
            self.unknown_fields,
            rollout.probation,
        )
        deployment.decoder  # noqa: B018 - built here rather than by the first request
        if deployment == self.deployment:
            return
        self.deployment = deployment
        logger.info(
            "model in service",
            champion=champion.version,
            challenger=challenger.version if challenger else None,
            mode=rollout.mode,
            share=rollout.share,
        )

    def _report(self, *failures: LoadFailure) -> None:
        if failures != self.failures:
            for failure in failures:
                logger.error("publication rejected", role=failure.role, reason=failure.reason)
            if not failures:
                logger.info("publication accepted again")
        self.failures = failures


class PointerWatcher:
    """A thread that refreshes a deployment manager every `interval` seconds."""

    def __init__(self, deployments: DeploymentManager, interval: float) -> None:
        self._deployments = deployments
        self._interval = interval
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="pointer-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._deployments.refresh()


def _require_same_inputs(challenger: Predictor, champion: Predictor) -> None:
    column = champion.contract.first_missing_input(challenger.contract)
    if column is not None:
        raise BundleError(
            f"it needs the column {column.name} ({column.type}), which the champion's "
            "contract does not have: promote it by the gate instead of a challenge"
        )
