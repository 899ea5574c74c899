"""The prediction service of a project, which its web application includes."""

import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog

from .._logs import configure_if_unset
from .._monitoring_status import MonitoringStatus, load_monitoring_status
from .._servable import PredictorFactory
from .._settings import CONTRACT
from ..errors import ServiceError
from . import _openapi as openapi
from . import _status as status
from ._caller import Caller
from ._concurrency import ConcurrencyLimiter
from ._contract_watch import ContractWatch
from ._deployment_manager import DeploymentManager, PointerWatcher
from ._key_file import KeyFile
from ._keys import ApiKeys
from ._metrics import Metrics, forget_dead_workers
from ._openapi_schemas import Document
from ._prediction_handler import NOTHING_PUBLISHED, PendingRequest, PredictionHandler
from ._problem import Problem, unavailable
from ._public_text import without_folders
from ._response import ServiceResponse
from ._store_health import StoreHealth

if TYPE_CHECKING:
    from .._project import Project

_GC_THRESHOLD = 10_000

logger: structlog.stdlib.BoundLogger = structlog.get_logger()


class PredictionService:
    """Serves a project's published models.

    Creating one opens nothing and starts nothing. `start` opens the prediction log, loads what is
    published and follows the pointer from then on; `close` ends that. FastAPI calls both through
    `lifespan`; Flask applications start with the first request of a process.

    Args:
        project: its settings, contract, features, hooks, bundle store and prediction log.
        predictor_factory: makes a predictor of a bundle; by default `project.load_predictor`.

    Attributes:
        watches: whether a thread follows the pointer. On a platform that freezes the process
            between invocations, set it to False before the start and call `refresh` before each.

    Examples:
        >>> from fastapi import FastAPI
        >>> from mlops_loop.serving.fastapi import prediction_router
        >>> service = PredictionService(project)
        >>> app = FastAPI(lifespan=service.lifespan)
        >>> app.include_router(prediction_router(service))
    """

    def __init__(
        self, project: "Project", *, predictor_factory: PredictorFactory | None = None
    ) -> None:
        self.project = project
        self.metrics = Metrics()
        self._predictor_factory = predictor_factory
        self._handler: PredictionHandler | None = None
        self._watcher: PointerWatcher | None = None
        self._starting = Lock()
        self.watches = True
        self.store_health = StoreHealth()

    @asynccontextmanager
    async def lifespan(self, app: Any) -> AsyncIterator[None]:
        """Started on entry and closed on exit; for `FastAPI(lifespan=…)` or inside your own."""
        self.start()
        try:
            yield
        finally:
            self.close()

    def start(self) -> None:
        """Load what is published and follow it; does nothing if the service is running.

        Raises:
            ServiceError: if a configured API key is invalid, or the key file cannot be read.
            StoreError: if the prediction log cannot be opened.
            ContractError: if a feature needs a column that is not part of a request.
        """
        with self._starting:
            if self._handler is not None:
                return
            self.project.features.columns(self.project.contract)
            configure_if_unset()
            forget_dead_workers()
            self.keys.warn_if_closed()
            handler = self._new_handler()
            self.deployments.refresh()
            if not self.versions and not self.deployments.failures:
                store = self.project.settings.bundle_store
                logger.warning(NOTHING_PUBLISHED, bundle_store=store)
            if self.watches:
                self._watcher = PointerWatcher(self.deployments, self._interval)
                self._watcher.start()
            # What exists now stays: garbage collections need not traverse it again. And they are
            # rarer than by default, which is every few requests and a tenth of their time.
            gc.freeze()
            gc.set_threshold(_GC_THRESHOLD)
            self._handler = handler

    def refresh(self) -> None:
        """Look at the pointer, if the last look is older than `serving.watch_interval`.

        For adapters to platforms that freeze the process between invocations (see `watches`): a
        promotion or a rollback reaches the first invocation after the interval. Otherwise this
        costs nothing. While the store hangs, invocations wait for it a tenth of the time at most.
        """
        self.deployments.refresh_if_older(self._interval)

    @property
    def _interval(self) -> float:
        return self.project.settings.serving.watch_interval.total_seconds()

    def close(self) -> None:
        """Stop following, and write what the prediction log still holds."""
        with self._starting:
            self._handler = None
            if self._watcher is not None:
                self._watcher.stop()
                self._watcher = None
            self.project.close()

    @contextmanager
    def override_project(self, project: "Project") -> Iterator[None]:
        """Serve another project meanwhile, e.g. in a test a copy in a folder of its own.

        Raises:
            ServiceError: if the service is running.
        """
        if self._handler is not None:
            raise ServiceError("the service is running: override its project before it starts")
        original = self.project
        self._assign(project)
        try:
            yield
        finally:
            self.close()
            self._assign(original)

    def _assign(self, project: "Project") -> None:
        self.project = project
        self.metrics = Metrics()
        for name in ("keys", "limiter", "deployments"):
            self.__dict__.pop(name, None)

    @cached_property
    def keys(self) -> ApiKeys:
        """The API keys of the settings and of the key file."""
        serving = self.project.settings.serving
        return ApiKeys(
            serving.api_keys,
            KeyFile(self.project.settings.path(serving.key_file)),
            scopes=serving.api_key_scopes,
            allow_anonymous=serving.allow_anonymous,
            interval=self._interval,
        )

    @cached_property
    def limiter(self) -> ConcurrencyLimiter:
        """Admits `serving.max_concurrency` requests for predictions and labels at a time."""
        return ConcurrencyLimiter(
            self.project.settings.serving.max_concurrency, self.metrics.in_flight
        )

    @cached_property
    def deployments(self) -> DeploymentManager:
        """The versions that serve."""
        project = self.project
        return DeploymentManager(
            project.bundles,
            features_digest=project.features.digest,
            predictor_factory=self._predictor_factory or project.load_predictor,
            contract=project.contract,
            hooks=project.hooks,
            unknown_fields=project.settings.serving.unknown_fields,
            other_target=ContractWatch(
                project.settings.path(CONTRACT), project.contract
            ).other_target,
        )

    @property
    def versions(self) -> dict[str, str]:
        """The versions in service by role; empty before the first one."""
        deployment = self.deployments.deployment
        served = deployment.versions if deployment else []
        return {each.role: each.version for each in served}

    def predict(self, request: PendingRequest) -> ServiceResponse:
        """See `PredictionHandler.predict`."""
        return self._running.predict(request)

    def predict_batch(
        self, requests: Sequence[PendingRequest]
    ) -> list[ServiceResponse | Exception]:
        """See `PredictionHandler.predict_batch`."""
        if self._handler is None:
            return [_not_started()] * len(requests)
        return self._handler.predict_batch(requests)

    def label(self, body: bytes, caller: Caller) -> ServiceResponse:
        """See `PredictionHandler.label`."""
        return self._running.label(body, caller)

    def model(self) -> dict[str, Any]:
        """Body of `GET /model`."""
        reports = self.project.settings.alerts.reports
        return status.model(self.deployments, self._monitoring_status(), reports)

    def ready(self) -> dict[str, Any]:
        """Body of `GET /health/ready`.

        Raises:
            Problem: 503 with the reason, while requests for predictions would fail.
        """
        try:
            self._running.require_deployment()
            self.store_health.require(self.project.log)
        except Problem as problem:
            raise unavailable(self._without_folders(problem.detail)) from problem
        return status.ready(self.deployments, self._without_folders)

    def _without_folders(self, text: str) -> str:
        return without_folders(text, self.project.root)

    def metrics_text(self) -> bytes:
        """Body of `GET /metrics`."""
        backlog = self.project.log.backlog() if self._handler is not None else 0
        failures = len(self.deployments.failures)
        deployment = self.deployments.deployment
        return self.metrics.exposition(deployment, failures, backlog, self._monitoring_status())

    def openapi_components(self) -> Document:
        """What the OpenAPI document takes from the contract that serves, and from the keys."""
        contract = self._handler.contract if self._handler else self.project.contract
        return openapi.components(
            contract, self.deployments.unknown_fields, secured=self.keys.required
        )

    @property
    def _running(self) -> PredictionHandler:
        if self._handler is None:
            raise _not_started()
        return self._handler

    def _new_handler(self) -> PredictionHandler:
        project = self.project
        return PredictionHandler(
            self.deployments,
            project.log,
            project.contract,
            hooks=project.hooks,
            metrics=self.metrics,
            clock=project.clock,
            max_rows=project.settings.serving.max_rows,
        )

    def _monitoring_status(self) -> MonitoringStatus | None:
        return load_monitoring_status(self.project.root, self.project.contract.target_digest)


def _not_started() -> Problem:
    return unavailable(
        "the prediction service has not been started: run the application's lifespan"
    )
