"""A service with models that need no training: one ONNX graph of a few nodes."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from runpy import run_path
from threading import Thread
from types import ModuleType
from typing import Any, Literal

import httpx
import numpy as np
import pytest
import structlog
from onnx import TensorProto, helper

from {{ cookiecutter.package_name }}.bundle import Manifest, write_bundle
from {{ cookiecutter.package_name }}.clock import Clock
from {{ cookiecutter.package_name }}.contract.check import check_rows
from {{ cookiecutter.package_name }}.contract.json_schema import example_row
from {{ cookiecutter.package_name }}.contract.model import Contract, parse_contract
from {{ cookiecutter.package_name }}.encoder import Encoder
from {{ cookiecutter.package_name }}.feature_set import FeatureSet, features_digest
from {{ cookiecutter.package_name }}.prediction_log import PredictionLog, open_prediction_log
from {{ cookiecutter.package_name }}.predictor import OnnxPredictor
from {{ cookiecutter.package_name }}.publication import BundleStore, Entry, open_bundle_store
from {{ cookiecutter.package_name }}.serving.assembly import make_reception
from {{ cookiecutter.package_name }}.serving.frameworks import load_framework
from {{ cookiecutter.package_name }}.serving.reception import Reception
from {{ cookiecutter.package_name }}.serving.router import Load
from {{ cookiecutter.package_name }}.serving.server import listen
from {{ cookiecutter.package_name }}.serving.service import PredictionService
from {{ cookiecutter.package_name }}.settings import Settings, load_settings

PROJECT = Path(__file__).parents[2]
STORES = {
    path.stem: run_path(str(path))["serve"]
    for path in sorted(Path(__file__).parent.glob("stores/*.py"))
}

SHOP = """
problem: binary
label_horizon: 1d
columns:
  customer: {type: text, role: id, example: c-1}
  at: {type: datetime, role: time, example: "2013-01-01T10:00:00+00:00"}
  price: {type: number, range: {minimum: 0, maximum: 1000, otherwise: refuse}, example: 9.5}
  pieces: {type: integer, range: {minimum: 1, maximum: 99, otherwise: warn}, example: 2}
  "sold as": {type: category, categories: {values: [set, single]}, example: set}
  country: {type: category, categories: {values: [DE, FR], otherwise: refuse}, example: DE}
  gift: {type: boolean, nullable: true, example: true}
  delivered: {type: datetime, nullable: true}
  returned: {type: boolean, role: target}
"""


@dataclass
class Publisher:
    """Publishes models that answer every row with the same probability."""

    root: Path
    store: BundleStore
    contract: Contract
    features: FeatureSet

    def publish(
        self,
        version: str,
        probability: float = 0.25,
        *,
        contract: Contract | None = None,
        columns: int | None = None,
    ) -> None:
        """Write a bundle; `columns` other than the encoder makes give one that cannot predict."""
        contract = contract or self.contract
        specs = self.features.columns(contract)
        raw = check_rows(contract, [example_row(contract)]).columns
        encoder = Encoder.fit(specs, self.features.apply(raw))
        binary = contract.problem != "regression"
        manifest = Manifest(
            version=version,
            run_id=f"run-{version}",
            problem=contract.problem,
            classes=contract.classes,
            threshold=0.5 if contract.problem == "binary" else None,
            created="2013-01-01T00:00:00+00:00",
            features_digest=features_digest(),
            contract_digest=contract.digest,
            snapshot="none",
            metrics={"log_loss": 0.5},
        )
        shares = [1 - probability, probability] if binary else [probability]
        files = {
            "model.onnx": _constant_model(columns or len(encoder.names), shares),
            "encoder.json": encoder.to_json().encode(),
            "contract.yaml": contract.text.encode(),
        }
        self.store.publish(write_bundle(self.root / "drafts" / version, manifest, files))

    def point(
        self,
        champion: str | None,
        challenger: str | None = None,
        *,
        mode: Literal["shadow", "split"] = "shadow",
        share: float = 0.5,
    ) -> None:
        entry = Entry(champion=champion, challenger=challenger, mode=mode, share=share)
        self.store.set_entry(features_digest(), entry)

    def damage(self, version: str) -> None:
        path = self.store.fetch(version) / "model.onnx"
        path.write_bytes(path.read_bytes()[:-1])


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
        self.service.router.refresh()


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
def load_shop() -> Load:
    return partial(OnnxPredictor, features=FeatureSet())


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
    from {{ cookiecutter.package_name }}.feature_set import load_features

    return Publisher(tmp_path, store, settings.contract(), load_features())


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


@pytest.fixture
def serve_shop(shop_settings: Settings, publisher: Publisher, load_shop: Load) -> Serve:
    """Starts a service: `with serve_shop(max_rows=3) as served`; arguments are settings."""

    @contextmanager
    def serve(
        log: PredictionLog | None = None,
        clock: Clock | None = None,
        routes: Sequence[ModuleType] = (),
        **serving: Any,
    ) -> Iterator[Served]:
        changed = shop_settings.serving.model_copy(update=serving)
        settings = shop_settings.model_copy(update={"serving": changed})
        log = log or open_prediction_log(settings.prediction_log, root=settings.root)
        reception = make_reception(
            settings, log=log, store=publisher.store, clock=clock, load=load_shop
        )
        row = dict(example_row(publisher.contract))
        with (
            _running(reception, changed.framework, routes) as url,
            httpx.Client(base_url=url, timeout=20) as http,
        ):
            yield Served(http, reception.service, log, publisher, row)

    return serve


@pytest.fixture
def served(serve_shop: Serve, publisher: Publisher) -> Iterator[Served]:
    """A service with one champion, version 1, that answers `false` with a probability of 0.75."""
    publisher.publish("1")
    publisher.point("1")
    with serve_shop() as running:
        yield running


@contextmanager
def _running(
    reception: Reception, framework: str, routes: Sequence[ModuleType] = ()
) -> Iterator[str]:
    """The address of a real server in a thread of this process."""
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    server = load_framework(framework).make_server(reception, listener, routes)
    reception.service.start()
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        thread.join()
        server.stop()  # comes too late, which does no harm
        reception.service.close()


def _constant_model(columns: int, shares: list[float]) -> bytes:
    """ONNX: a float matrix with so many columns in, the same shares for each row out."""
    weights = np.zeros((columns, len(shares)), dtype=np.float32)
    nodes = [
        helper.make_node("IsNaN", ["rows"], ["absent"]),
        helper.make_node("Where", ["absent", "zero", "rows"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["nothing"]),
        helper.make_node("Add", ["nothing", "shares"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, len(shares)])],
        [
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("weights", TensorProto.FLOAT, weights.shape, weights.ravel()),
            helper.make_tensor("shares", TensorProto.FLOAT, [len(shares)], shares),
        ],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
