"""Follows the published pointer: new versions come into service without a restart."""

from dataclasses import dataclass
from threading import Event, Lock, Thread

import structlog

from ..bundle import read_bundle, require_same_target
from ..contract.model import Contract, UnknownFields
from ..errors import BundleError
from ..predictor import OnnxPredictor, Predictor
from ..publication import BundleStore, Rollout
from ..servable import Load, load_servable
from .deployment import Deployment, Role, Variant

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

_NEVER = object()


@dataclass(frozen=True)
class Refusal:
    """A published bundle, or the pointer itself, that the service does not take, and why."""

    role: Role | None
    reason: str


class Router:
    """Holds the deployment that serves, and replaces it when the pointer changes.

    Args:
        store: where bundles are published.
        features_digest: that of the running code; it names the entry this service takes.
        contract: that of the project: a version with another target does not serve.
        load: makes a predictor of a bundle.
        unknown_fields: what is done with fields of a row that the contract does not know.
    """

    def __init__(
        self,
        store: BundleStore,
        *,
        features_digest: str,
        contract: Contract | None = None,
        load: Load = OnnxPredictor,
        unknown_fields: UnknownFields = "reject",
    ) -> None:
        self._store = store
        self._digest = features_digest
        self._contract = contract
        self._load = load
        self.unknown_fields: UnknownFields = unknown_fields
        self._stamp: object = _NEVER
        self._lock = Lock()
        self.deployment: Deployment | None = None
        self.rejections: tuple[Refusal, ...] = ()

    def refresh(self) -> None:
        """Look at the pointer and follow it; what cannot be taken leaves the old in service."""
        with self._lock:
            try:
                self._follow()
            except Exception as error:
                # Whatever is wrong with what was published, what serves goes on.
                self._refuse(Refusal(None, f"the pointer cannot be followed: {error}"))

    def _follow(self) -> None:
        stamp = self._store.stamp()
        if stamp == self._stamp and not self.rejections:
            return
        rollout = self._store.pointer().rollout(self._digest)
        self._stamp = stamp
        if rollout.champion is None:
            kept = (Refusal("champion", "the pointer names no champion"),)
            self._refuse(*(kept if self.deployment else ()))
            return
        champion, refusal = self._variant("champion", rollout.champion)
        if champion is None:
            self._refuse(*refusal)
            return
        challenger = None
        if rollout.challenger is not None:
            challenger, refusal = self._variant("challenger", rollout.challenger, beside=champion)
        self._deploy(rollout, champion, challenger)
        self._refuse(*refusal)

    def _variant(
        self, role: Role, version: str, *, beside: Variant | None = None
    ) -> tuple[Variant | None, tuple[Refusal, ...]]:
        try:
            predictor = self._loaded(version) or self._open(version)
            if beside is not None:
                _require_same_inputs(predictor, beside.predictor)
        except Exception as error:
            return None, (Refusal(role, f"version {version} cannot serve: {error}"),)
        return Variant(role, predictor), ()

    def _loaded(self, version: str) -> Predictor | None:
        serving = self.deployment
        variants = (serving.champion, serving.challenger) if serving else ()
        found = (
            variant.predictor for variant in variants if variant and variant.version == version
        )
        return next(found, None)

    def _open(self, version: str) -> Predictor:
        bundle = read_bundle(self._store.fetch(version), self._digest)
        if self._contract is not None:
            require_same_target(bundle, self._contract)
        return load_servable(bundle, self._load)

    def _deploy(self, rollout: Rollout, champion: Variant, challenger: Variant | None) -> None:
        deployment = Deployment(
            champion, challenger, rollout.mode, rollout.share, self.unknown_fields
        )
        deployment.decoder  # noqa: B018 - made here rather than by the first request
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

    def _refuse(self, *rejections: Refusal) -> None:
        if rejections != self.rejections:
            for refusal in rejections:
                logger.error("publication refused", role=refusal.role, reason=refusal.reason)
        self.rejections = rejections


class Watcher:
    """A thread that refreshes a router every `interval` seconds."""

    def __init__(self, router: Router, interval: float) -> None:
        self._router = router
        self._interval = interval
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="pointer-watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            self._router.refresh()


def _require_same_inputs(challenger: Predictor, champion: Predictor) -> None:
    column = champion.contract.first_missing_input(challenger.contract)
    if column is not None:
        raise BundleError(
            f"it needs the column {column.name} ({column.type}), which the champion's "
            "contract does not have: promote it by the gate instead of a challenge"
        )
