"""What tests of models share: a small matrix, and projects that have trained once.

Tests of the code train on made-up parcels, whatever the project's own table is. Those parcels have
the columns that the project's own features ask for as well, since `features.py` is code.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from flights import pipeline
from flights.features import FEATURES
from threadpoolctl import threadpool_limits

from mlops_loop import _redaction
from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._process_environment import disable_telemetry, let_waiting_threads_sleep
from mlops_loop._project import Project
from mlops_loop._run_context import RunContext
from mlops_loop._settings import CONFIG, CONTRACT
from mlops_loop._yaml_file import parse_yaml
from mlops_loop.contract import Column, load_contract
from mlops_loop.contract._json_schema import example_row
from mlops_loop.data._sources.sql import (
    SCHEME,
    placed_url,
)
from mlops_loop.evaluation._target import Labels

from .places import FLIGHTS, REPOSITORY
from .projects import project_in
from .services import (  # noqa: F401
    framework,
    logs_by_default,
    new_address,
    problem,
    project_publisher,
    publisher,
    serve_shop,
    served,
    shop,
    shop_project,
    shop_settings,
)
from .stages import Trained, train

# Tests share the cores with each other: OpenMP threads should sleep while they wait. Read when
# the libraries are loaded.
let_waiting_threads_sleep()
disable_telemetry()
# Processes that tests start find the same packages.
os.environ["PYTHONPATH"] = os.pathsep.join(
    path for path in sys.path if Path(path).is_relative_to(REPOSITORY)
)
ROOT = FLIGHTS

PARCELS = """
problem: binary
label_horizon: 1d
columns:
  parcel no.: {type: text, role: id, example: p-1}
  sent at: {type: datetime, role: time, example: "2013-01-01T10:00:00+00:00"}
  from depot: {type: category, categories: {values: [east, north, west], on_violation: warn}}
  way (km): {type: number, range: {minimum: 0, maximum: 2000, on_violation: reject}, example: 120.5}
  weight (kg): {type: number, nullable: true, example: 2.5}
  "gift?": {type: boolean, nullable: true}
  arrives late: {type: boolean, role: target}
"""
# What differs from the project's own settings, so that tests hold whatever those are.
SETTINGS = {
    "source": "parcels.parquet",
    "replay": {
        "source": "parcels.parquet",
        "since": "2013-03-01",
        "until": "2013-05-01",
        "report_from": "2013-04-01",
        "rows_per_month": 1000,
    },
}
SECTIONS = {
    "training": {"folds": 3, "holdout": "14d"},
    "gate": {"margin": 0.01},
    "monitoring": {
        "window": "30d",
        "performance_margin": 0.01,
        "drift_threshold": 0.1,
        "drift_share": 0.02,
    },
    "loop": {"promotion": "live", "cooldown": "25d"},
}
DAYS, PARCELS_A_DAY = 120, 80

Rows = Callable[[int], tuple[Matrix, Labels]]


@pytest.fixture(autouse=True)
def forgotten_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets of a test are not hidden in the messages of others."""
    monkeypatch.setattr(_redaction, "_registered", frozenset())


@pytest.fixture
def encoder() -> Encoder:
    """One category and two numbers."""
    columns = (
        FeatureColumn("colour", "category"),
        FeatureColumn("size", "number"),
        FeatureColumn("weight", "number"),
    )
    return Encoder(columns, {"colour": ("blue", "green", "red")})


@pytest.fixture
def rows() -> Rows:
    """Makes a matrix with missing values and unseen categories, and a target that follows it."""

    def make(classes: int) -> tuple[Matrix, Labels]:
        rng = np.random.default_rng(5)
        matrix = rng.normal(size=(600, 3)).astype(np.float32)
        matrix[:, 0] = rng.integers(-1, 3, len(matrix))
        signal = matrix[:, 0] + 2 * matrix[:, 1]
        matrix[rng.random(matrix.shape) < 0.1] = np.nan
        if not classes:
            return matrix, signal.astype(np.float64)
        return matrix, np.digitize(signal, np.linspace(0, 2, classes - 1)).astype(np.int64)

    return make


@pytest.fixture
def one_thread() -> Iterator[None]:
    """For fits outside a training: threads on small tables wait for each other."""
    with threadpool_limits({"openmp": 1}):
        yield


@pytest.fixture(scope="session")
def from_anywhere() -> Callable[[str], str]:
    """Makes the address of a source that starts at the project's root hold in other folders."""

    def placed(source: str) -> str:
        if source.startswith(SCHEME):
            return SCHEME + placed_url(source.removeprefix(SCHEME), ROOT)
        return source if "://" in source else str(ROOT / source)

    return placed


@pytest.fixture(scope="session")
def tracking_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project about parcels with an empty tracking store, to copy: making one takes seconds."""
    root = tmp_path_factory.mktemp("tracking")
    write_parcels(root)
    open_copy(root).registry.create_store()
    return root


@pytest.fixture(scope="session")
def parcels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of a project about parcels, with its table; to copy."""
    root = tmp_path_factory.mktemp("parcels")
    write_parcels(root)
    return root


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tracking_store: Path) -> Trained:
    """Trained on parcels of two months; tests may read all of it and change nothing."""
    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(tracking_store, root)
    project = open_copy(root)
    context = RunContext("test", "the first model")
    snapshot = pipeline.ingest(project, until=datetime(2013, 3, 1, tzinfo=UTC))
    return train(project, snapshot, context=context)


@pytest.fixture
def project(trained: Trained, tmp_path: Path) -> Project:
    """A copy of the trained project, moved to another folder, to change at will."""
    root = tmp_path / "moved here"
    shutil.copytree(trained.project.settings.root, root)
    return open_copy(root)


def open_copy(root: Path) -> Project:
    """The project in a folder."""
    return project_in(root)


def write_parcels(root: Path) -> None:
    """A project about parcels: configuration and table, with all that the features ask for."""
    own = load_contract(ROOT / CONTRACT)
    asked = {name for made in FEATURES.declared.values() for name in made.inputs}
    more = [column for column in own.inputs if column.name in asked]
    settings = parse_yaml((ROOT / CONFIG).read_text(encoding="utf-8")) | SETTINGS
    for name, section in SECTIONS.items():
        settings[name] = settings[name] | section
    (root / "config").mkdir(parents=True)
    (root / CONFIG).write_text(json.dumps(settings), encoding="utf-8")
    lines = [f"  {json.dumps(column.name)}: {_specification(column)}\n" for column in more]
    (root / CONTRACT).write_text(PARCELS + "".join(lines), encoding="utf-8")
    examples = example_row(own)
    values = {column.name: [examples[column.name]] * DAYS * PARCELS_A_DAY for column in more}
    pyarrow.parquet.write_table(pa.table(_parcels() | values), root / "parcels.parquet")


def _specification(column: Column) -> str:
    """One column of the project's own contract, as a plain input."""
    said = column.model_dump(mode="json", exclude={"name", "role"}, exclude_none=True)
    return json.dumps(said)


def _parcels() -> dict[str, object]:
    """Far and heavy parcels are late; from March on they go farther, and weight counts less."""
    rng = np.random.default_rng(3)
    day = np.repeat(np.arange(DAYS), PARCELS_A_DAY)
    minutes = np.sort(rng.integers(0, 24 * 60, (DAYS, PARCELS_A_DAY)), axis=1).ravel()
    later = np.maximum(day - 59, 0) / 30
    way = rng.gamma(3, 60, len(day)) * (1 + later / 2)
    weight = rng.gamma(2, 2, len(day)) + later
    depot = rng.integers(0, 3, len(day))
    score = way / 100 + weight * (0.5 - 0.2 * later) + (depot == 2) - 4.5
    late = rng.random(len(day)) < 1 / (1 + np.exp(-score))
    moments = np.datetime64("2013-01-01", "us") + day.astype("m8[D]") + minutes.astype("m8[m]")
    return {
        "parcel no.": [f"p-{number}" for number in range(len(day))],
        "sent at": pa.array(moments, pa.timestamp("us", "UTC")),
        "from depot": np.array(["east", "north", "west"])[depot],
        "way (km)": np.minimum(way, 2000.0),
        "weight (kg)": pa.array(weight, mask=rng.random(len(day)) < 0.05),
        "gift?": pa.array(rng.random(len(day)) < 0.3, mask=rng.random(len(day)) < 0.05),
        "arrives late": late,
    }
