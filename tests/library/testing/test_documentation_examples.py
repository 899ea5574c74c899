"""Every Python example of the documentation runs, as part of the file that its first line names."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import jwt
import numpy as np
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from flask import Flask
from flights.app import app, service
from flights.project import project as flights_project

from mlops_loop import Project
from mlops_loop._predictor import Prediction
from mlops_loop.errors import SnapshotError, TrainingError
from mlops_loop.evaluation._metrics import log_loss
from mlops_loop.monitoring import Alert, Finding, Incident, monitor_project
from mlops_loop.pipeline import cross_validate, encode, split
from mlops_loop.prediction_log import Record
from mlops_loop.registry import ChampionChange
from mlops_loop.serving._key_file import KeyFile
from mlops_loop.testing import (
    API_KEY,
    TrainedProject,
    application_client,
    assert_row_wise,
    project_copy,
    with_values,
)

from ..applications import load_edition
from ..places import FLIGHTS
from .examples import APPLICATIONS, Example, examples, pages
from .pasting import twice_defined


@dataclass(frozen=True)
class World:
    """What uses of an example are given: a trained project, and a folder to work in."""

    flights: TrainedProject
    folder: Path
    patch: pytest.MonkeyPatch

    @property
    def copy(self) -> Project:
        return self.flights.copy(self.folder / "project")

    @contextmanager
    def client(self, app: Any, service: Any) -> Iterator[httpx.Client]:
        with application_client(app, service, self.copy) as client:
            yield client


Use = Callable[[Any, World], None]
USES: dict[tuple[str, str], Use] = {}


def uses(name: str, *frameworks: str) -> Callable[[Use], Use]:
    """Register what an example is run with."""

    def register(use: Use) -> Use:
        USES.update({(name, framework): use for framework in frameworks or ("fastapi",)})
        return use

    return register


@pytest.fixture
def world(flights: TrainedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(flights, tmp_path, monkeypatch)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize(
    "example", examples(), ids=lambda example: f"{example.name}-{example.framework}"
)
def test_the_example_works(example: Example, world: World) -> None:
    USES[example.name, example.framework](example.run(), world)


def test_every_python_block_is_an_example() -> None:
    assert sum(page.count("```python") for page in pages()) == len(examples()) == len(USES)


def files_to_paste_into() -> list[Example]:
    stems = {path.stem for path in (FLIGHTS / "src/flights").glob("*.py")} - APPLICATIONS
    return [each for each in examples() if Path(each.file).stem in stems and "src/" in each.file]


@pytest.mark.parametrize("example", files_to_paste_into(), ids=lambda example: example.name)
def test_a_file_with_the_example_passes_the_linter(example: Example) -> None:
    file = FLIGHTS / "src/flights" / Path(example.file).name
    code = example.pasted(file.read_text(encoding="utf-8"))
    assert not twice_defined(code)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "E4,F",
        "--ignore",
        "F401",
        "-",
    ]
    done = subprocess.run(command, input=code, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@uses("Warehouse")
def _(module: Any, world: World) -> None:
    assert module.PIPELINE.ingest(world.copy).rows == 1


@uses("gust_excess")
def _(module: Any, world: World) -> None:
    columns = {name: values[:5] for name, values in world.flights.columns.items()}
    columns = with_values(columns, wind_speed=10.0, wind_gust=25.0)
    assert module.FEATURES.apply(columns)["gust_excess"].tolist() == [15.0] * 5
    assert_row_wise(module.FEATURES, columns)


@uses("carrier_code")
def _(module: Any, world: World) -> None:
    columns = {name: values[:4] for name, values in world.flights.columns.items()}
    columns["carrier"] = np.array(["AA", " aa", "Aa ", None], dtype=object)
    codes = module.FEATURES.apply(columns)["carrier_code"].tolist()
    assert codes == ["aa", "aa", "aa", None]
    assert_row_wise(module.FEATURES, columns)


@uses("forest")
def _(module: Any, world: World) -> None:
    assert module.FOREST in module.CANDIDATES
    small = replace(module.FOREST, parameters={"n_estimators": 3})
    assert eligible([module.baseline.dummy(), small], world) == {"dummy", "forest"}


@uses("splines")
def _(module: Any, world: World) -> None:
    candidates = [module.baseline.dummy(), module.SPLINES]
    with pytest.raises(TrainingError, match="splines cannot be .* `training.native_models: true`"):
        eligible(candidates, world)
    assert eligible(candidates, world, native_models=True) == {"dummy", "splines"}


@uses("models")
def _(module: Any, world: World) -> None:
    names = {candidate.name for candidate in module.CANDIDATES}
    assert len(names) == 4 and eligible(module.CANDIDATES, world) == names


def eligible(candidates: list[Any], world: World, **training: object) -> set[str]:
    """The candidates that were compared and could be served, with other settings of `training`."""
    settings = world.flights.project.settings
    section = settings.training.model_copy(update=training)
    project = world.flights.project.copy()
    project.settings = settings.model_copy(update={"training": section})
    data = encode(split(world.flights.snapshot.load(project)), project.features)
    board = cross_validate(candidates, data.train, log_loss)
    return {row.candidate for row in board.rows if not row.ineligible}


@uses("cost_per_flight")
def _(module: Any, world: World) -> None:
    labels, probability = np.array([1, 0, 0, 1]), np.array([0.1, 0.9, 0.2, 0.8])
    predicted = np.column_stack([1 - probability, probability])
    assert module.COST.value(labels, predicted) == pytest.approx(0.25 + 0.05)
    assert module.COST in module.REPORTED


@uses("hold_out_newark")
def _(module: Any, world: World) -> None:
    rows = world.flights.snapshot.load(world.flights.project)
    partition = module.split(rows, splitter=module.hold_out_newark)
    assert set(partition.train.columns["origin"]) == {"JFK", "LGA"}


@uses("require_enough_rows")
def _(module: Any, world: World) -> None:
    with pytest.raises(SnapshotError, match="too few"):
        module.PIPELINE.train(world.flights.project, SimpleNamespace(rows=5))


@uses("few_alarms")
def _(module: Any, world: World) -> None:
    alarm, none = [0.2, 0.8], [0.9, 0.1]
    result = module.RULES[-1](SimpleNamespace(candidate=np.array([alarm, alarm, none, none])))
    assert not result.passed and "50% late" in result.text
    assert len(module.RULES) == 6


@uses("about", "fastapi", "flask")
def _(module: Any, world: World) -> None:
    if hasattr(module, "router"):
        application: Any = FastAPI()
        application.include_router(module.router)
        application.state.service = service
    else:
        application = Flask(__name__)
        application.register_blueprint(module.blueprint)
        application.extensions["mlops_loop"] = service
    with world.client(application, service) as client:
        assert client.get("/about").json()["problem"] == "binary"


@uses("RegionHeader")
@uses("add_region", "flask")
def _(module: Any, world: World) -> None:
    with world.client(module.app, module.service) as client:
        response = client.post("/predict", json=world.flights.rows[0])
        assert (response.status_code, response.headers["X-Region"]) == (200, "eu-1")


@uses("check_tenant", "fastapi", "flask")
def _(module: Any, world: World) -> None:
    with world.client(module.app, module.service) as client:
        row = world.flights.rows[0]
        assert client.post("/predict", json=row).status_code == 403
        assert client.post("/predict", json=row, headers={"X-Tenant": "acme"}).status_code == 200
        assert client.get("/health/ready").status_code == 200


@uses("refresh", "fastapi", "flask")
def _(module: Any, world: World) -> None:
    edition = load_edition("flask" if hasattr(module, "blueprint") else "fastapi", flights_project)
    if hasattr(module, "blueprint"):
        edition.app.register_blueprint(module.blueprint, name="added")
    else:
        edition.app.include_router(module.router)
    with world.client(edition.app, edition.service) as client:
        keys = KeyFile(edition.service.project.settings.path("var/api-keys.json"))
        headers = {"X-API-Key": keys.create("shop", datetime.now(UTC))}
        edition.service.__dict__.pop("keys", None)
        assert client.post("/refresh", headers=headers).status_code == 403
        assert client.post("/refresh").json() == {"champion": "1"}


@uses("verify_token")
def _(module: Any, world: World) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    world.patch.setattr(
        module.signing_keys, "fetch_data", lambda: {"keys": [{**public, "kid": "1", "use": "sig"}]}
    )
    right = {
        "iss": module.ISSUER,
        "aud": module.AUDIENCE,
        "sub": "ada",
        "scope": "openid predict",
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }

    def bearer(key: Any = private, algorithm: str = "RS256", **claims: Any) -> dict[str, str]:
        token = jwt.encode(right | claims, key, algorithm, headers={"kid": "1"})
        return {"Authorization": f"Bearer {token}"}

    row = world.flights.rows[0]
    with application_client(module.app, module.service, world.copy, headers={}) as client:
        assert client.get("/health/ready").status_code == 200
        answer = client.post("/predict", json=row, headers=bearer()).json()
        logged = module.service.project.log.get(answer["prediction_id"])
        assert logged is not None and logged.record.caller == "user ada"
        label = {"prediction_id": answer["prediction_id"], "label": world.flights.labels[0]}
        assert client.post("/labels", json=label, headers=bearer()).status_code == 403
        labelling = bearer(sub="billing", scope="label")
        assert client.post("/labels", json=label, headers=labelling).json()["joined"] == 1
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for headers in (
            {},
            {"X-API-Key": API_KEY},
            {"Authorization": "Bearer x.y.z"},
            bearer(stranger),
            bearer("", "none"),
            bearer(aud="another service"),
            bearer(iss="https://login.example.org/"),
            bearer(exp=datetime.now(UTC) - timedelta(minutes=5)),
        ):
            assert client.post("/predict", json=row, headers=headers).status_code == 401
        # No token, but an API key, on the route that the example leaves to keys.
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"X-API-Key": API_KEY}).status_code == 200
        assert client.get("/openapi.json").status_code == 404


@uses("to_error", "fastapi", "flask")
def _(module: Any, world: World) -> None:
    with world.client(module.app, module.service) as client:
        response = client.post("/predict", json={})
        assert response.status_code == 422 and response.json().keys() == {"error"}


@uses("cap_wind")
def _(module: Any, world: World) -> None:
    columns = {"wind_speed": np.array([5.0, 90.0]), "departure_minute": np.array([60.0, 600.0])}
    hooks = module.project.hooks
    prepared = hooks.prepare(columns)
    assert prepared["wind_speed"].tolist() == [5.0, 80.0]
    assert hooks.finish(prepared, Prediction([True, True], None)).values == [False, True]


@uses("check_origins")
def _(module: Any, world: World) -> None:
    project = world.copy
    rows = [row for row in world.flights.rows if row["origin"] != "EWR"]
    with application_client(app, service, project) as client:
        assert client.post("/predict", json=rows[-50:]).status_code == 200
    report = monitor_project(project, checks=[module.CHECKS[-1]])
    project.close()
    assert [finding.text for finding in report.findings] == ["no flights from EWR"]
    assert module.check_early_warning in module.CHECKS and len(module.CHECKS) == 8


@uses("retrain_if_many")
def _(module: Any, world: World) -> None:
    findings = tuple(Finding("drift", "moved", column=name) for name in "abc")
    action = module.MONITORING.actions["drift"]
    report: Any = None
    assert action(Incident("drift", "moved", findings, report)) == "retrain"
    assert action(Incident("drift", "moved", findings[:1], report)) == "advise"
    assert {"drift", "evidently", "predictions"} == set(module.MONITORING.actions)


@uses("to_status_page")
def _(module: Any, world: World) -> None:
    (world.folder / "var").mkdir()
    world.patch.chdir(world.folder)
    own, receiver = module.MONITORING.receivers
    assert own is module.page_on_call
    receiver(Alert(datetime.now(UTC), "drift in humidity"))
    assert (world.folder / "var/status.txt").read_text() == "drift in humidity"


@uses("Fees")
def _(module: Any, world: World) -> None:
    assert module.project.settings.fees.currency == "EUR"
    world.patch.setenv("FLIGHTS__FEES__CURRENCY", "USD")
    assert module.project.copy().settings.fees.currency == "USD"


@uses("inputs")
def _(module: Any, world: World) -> None:
    result = CliRunner().invoke(module.cli, ["inputs", "--type", "integer"])
    assert (result.exit_code, result.output) == (0, "departure_minute\narrival_minute\n")


@uses("announce")
def _(module: Any, world: World) -> None:
    changes: list[str] = []
    world.patch.setitem(vars(module), "print", changes.append)
    change = ChampionChange("2", "1", datetime.now(UTC), "loop", "better")
    for callbacks in module.project.callbacks.values():
        for callback in callbacks:
            callback(change)
    assert changes == ["version 2 replaces 1: better"] * 2


@uses("test_no_feature_looks_at_other_rows")
def _(module: Any, world: World) -> None:
    module.test_no_feature_looks_at_other_rows()


@uses("WithoutColumn")
def _(module: Any, world: World) -> None:
    project = project_copy(module.project, world.folder / "project")
    now = datetime.now(UTC)
    record = Record("p-1", None, now, now, {"wind_gust": 31.0, "wind_speed": 9.0}, ())
    project.log.append([record]).result()
    row = project.log.get("p-1")
    project.close()
    assert row is not None and row.record.columns == {"wind_gust": None, "wind_speed": 9.0}
