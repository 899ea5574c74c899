"""What tests of models share: a small matrix, and one training on a slice of the source."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.clock import SystemClock
from {{ cookiecutter.package_name }}.data.ingestion import ingest
from {{ cookiecutter.package_name }}.encoder import Encoder, Matrix
from {{ cookiecutter.package_name }}.evaluation.target import Truth
from {{ cookiecutter.package_name }}.feature_set import FeatureColumn
from {{ cookiecutter.package_name }}.project import Project
from {{ cookiecutter.package_name }}.registry import Registry
from {{ cookiecutter.package_name }}.settings import ENV_PREFIX, load_settings
from {{ cookiecutter.package_name }}.training import train_project
from {{ cookiecutter.package_name }}.training.request import TrainingResult

# Tests share the cores with each other: OpenMP threads should sleep while they wait. Read when
# the libraries are loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Tests of something else keep predictions in a file of their own, whatever store the project has.
os.environ[f"{ENV_PREFIX}PREDICTION_LOG"] = "sqlite:///var/predictions.db"

ROOT = Path(__file__).parents[1]
SLICE = "sample://flights?until=2013-03-01&rows_per_month=4000"

Rows = Callable[[int], tuple[Matrix, Truth]]


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

    def make(classes: int) -> tuple[Matrix, Truth]:
        rng = np.random.default_rng(5)
        matrix = rng.normal(size=(600, 3)).astype(np.float32)
        matrix[:, 0] = rng.integers(-1, 3, len(matrix))
        signal = matrix[:, 0] + 2 * matrix[:, 1]
        matrix[rng.random(matrix.shape) < 0.1] = np.nan
        if not classes:
            return matrix, signal.astype(np.float64)
        return matrix, np.digitize(signal, np.linspace(0, 2, classes - 1)).astype(np.int64)

    return make


@dataclass(frozen=True)
class Trained:
    """A project that has trained once."""

    project: Project
    result: TrainingResult


@pytest.fixture(scope="session")
def tracking_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty tracking store, to copy: making one takes seconds."""
    root = tmp_path_factory.mktemp("tracking")
    open_copy(root).registry.prepare()
    shutil.rmtree(root / "config")
    return root


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tracking_store: Path) -> Trained:
    """Trained on a slice; tests may read all of it and change nothing."""
    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(tracking_store, root)
    project = open_copy(root)
    ingest(project.settings, project.contract, source=SLICE)
    return Trained(project, train_project(project, actor="test", reason="the first model"))


@pytest.fixture
def project(trained: Trained, tmp_path: Path) -> Project:
    """A copy of the trained project, moved to another folder, to change at will."""
    root = tmp_path / "moved here"
    shutil.copytree(trained.project.settings.root, root)
    return open_copy(root)


def open_copy(root: Path) -> Project:
    """The project's own configuration in a folder of its own, with MLflow in this process."""
    if not (root / "config").is_dir():
        shutil.copytree(ROOT / "config", root / "config")
    settings = load_settings(root)
    project = Project(settings, SystemClock())
    project.registry = Registry.open(settings, inline=True)
    return project
