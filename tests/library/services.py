"""A service with models that need no training, and every store of the prediction log."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from flights.features import FEATURES

from mlops_loop._clock import Clock
from mlops_loop._feature_set import FeatureSet
from mlops_loop._project import Project
from mlops_loop._publication import open_bundle_store
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract
from mlops_loop.prediction_log import PredictionLog
from mlops_loop.serving._service import PredictionService

from .applications import load_edition, running
from .places import FLIGHTS
from .projects import project_in
from .publisher import Publisher
from .stores import postgresql, redis, sqlite

PROJECT = FLIGHTS
STORES = {"sqlite": sqlite.serve, "redis": redis.serve, "postgresql": postgresql.serve}

SHOP = """
problem: binary
label_horizon: 1d
columns:
  customer: {type: text, role: id, example: c-1}
  at: {type: datetime, role: time, example: "2013-01-01T10:00:00+00:00"}
  price: {type: number, range: {minimum: 0, maximum: 1000, on_violation: reject}, example: 9.5}
  pieces: {type: integer, range: {minimum: 1, maximum: 99, on_violation: warn}, example: 2}
  "sold as": {type: category, categories: {values: [set, single]}, example: set}
  country: {type: category, categories: {values: [DE, FR], on_violation: reject}, example: DE}
  gift: {type: boolean, nullable: true, example: true}
  delivered: {type: datetime, nullable: true}
  returned: {type: boolean, role: target}
"""


@dataclass
class Served:
    """A service that runs in this process, and what lies behind it."""

    http: httpx.Client
    service: PredictionService
    log: PredictionLog
    publisher: Publisher
    row: dict[str, Any]

    def refresh(self) -> None:
        """Let the service look at the pointer now."""
        self.service.deployments.refresh()


@pytest.fixture(autouse=True)
def logs_by_default() -> None:
    """Commands that other tests have run in this process configure the logs of all of it."""
    structlog.reset_defaults()


@pytest.fixture(scope="module", params=STORES)
def new_address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty logs, for each store of the project."""
    with STORES[request.param](tmp_path_factory.mktemp(request.param)) as new_address:
        yield new_address


@pytest.fixture
def shop() -> Contract:
    return parse_contract(SHOP)


@pytest.fixture
def shop_settings(tmp_path: Path) -> Settings:
    """The project's settings in a folder of their own, with the contract of a small shop."""
    (tmp_path / "config").mkdir()
    shutil.copy(PROJECT / "config/project.yaml", tmp_path / "config")
    (tmp_path / "config/contract.yaml").write_text(SHOP)
    return load_settings(tmp_path)


@pytest.fixture
def publisher(shop: Contract, shop_settings: Settings) -> Publisher:
    store = open_bundle_store(shop_settings.bundle_store, shop_settings.root)
    return Publisher(shop_settings.root, store, shop, FeatureSet())


@pytest.fixture
def project_publisher(tmp_path: Path) -> Publisher:
    """Publishes models of the project's own contract and features into a copy of the project."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    settings = load_settings(tmp_path)
    store = open_bundle_store(settings.bundle_store, tmp_path)

    return Publisher(tmp_path, store, settings.contract(), FEATURES)


@pytest.fixture
def problem() -> Callable[[httpx.Response, int], dict[str, Any]]:
    """Gives the problem document of an answer that has to be one."""

    def read(answer: httpx.Response, status: int) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        document: dict[str, Any] = answer.json()
        assert document["status"] == status
        assert {"type", "title", "detail"} <= document.keys()
        assert document["request_id"] == answer.headers["x-request-id"]
        return document

    return read


Serve = Callable[..., Any]


@pytest.fixture(params=["fastapi", "flask"])
def framework(request: pytest.FixtureRequest) -> str:
    """Every web framework."""
    name: str = request.param
    return name


@pytest.fixture
def shop_project(shop_settings: Settings) -> Callable[..., Project]:
    """Makes the shop's project; arguments are settings of the section `serving`."""

    def make(clock: Clock | None = None, **serving: Any) -> Project:
        changed = shop_settings.serving.model_copy(update={"allow_anonymous": True, **serving})
        settings = shop_settings.model_copy(update={"serving": changed})
        return project_in(settings.root, clock, settings=settings, features=FeatureSet())

    return make


@pytest.fixture
def serve_shop(framework: str, shop_project: Callable[..., Project], publisher: Publisher) -> Serve:
    """Starts a service: `with serve_shop(max_rows=3) as served`; arguments are settings.

    `change` gets the application before it is served.
    """

    @contextmanager
    def serve(
        log: PredictionLog | None = None,
        clock: Clock | None = None,
        change: Callable[[Any], None] | None = None,
        **serving: Any,
    ) -> Iterator[Served]:
        # Tests look at the pointer themselves: nothing else does in between.
        project = shop_project(clock, **{"watch_interval": timedelta(hours=1), **serving})
        if log is not None:
            project.log = log
        edition = load_edition(framework, project)
        if change is not None:
            change(edition.app)
        row = dict(example_row(publisher.contract))
        with running(edition.app) as url, httpx.Client(base_url=url, timeout=20) as http:
            yield Served(http, edition.service, project.log, publisher, row)

    return serve


@pytest.fixture
def served(serve_shop: Serve, publisher: Publisher) -> Iterator[Served]:
    """A service with one champion, version 1, that answers `false` with a probability of 0.75."""
    publisher.publish("1")
    publisher.point("1")
    with serve_shop() as running:
        yield running
