"""SageMaker: the container's program as a training job, in this process."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet
import pytest
from flights.cli import load_pipeline

from mlops_loop import Composition, Project
from mlops_loop._publication.folder import FolderStore
from mlops_loop.deploy.aws_sagemaker import run_container

from ..conftest import PARCELS_A_DAY, open_copy


@dataclass
class Job:
    """A training job on parcels, whose folder of SageMaker is made up."""

    project: Project
    root: Path

    def run(self, **hyperparameters: str) -> int:
        config = self.root / "input/config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        composition = Composition(self.project, load_pipeline)
        return run_container(lambda: composition, ["train"], root=self.root)

    @property
    def failure(self) -> str:
        return (self.root / "output/failure").read_text()


@pytest.fixture
def job(tracking_store: Path, tmp_path: Path) -> Iterator[Job]:
    """The parcels of two months are in the channel `training`, and not where the settings say."""
    root, opt_ml = tmp_path / "project", tmp_path / "ml"
    shutil.copytree(tracking_store, root)
    (opt_ml / "input/data/training").mkdir(parents=True)
    parcels = pyarrow.parquet.read_table(root / "parcels.parquet").slice(0, 59 * PARCELS_A_DAY)
    pyarrow.parquet.write_table(parcels, opt_ml / "input/data/training/parcels.parquet")
    (root / "parcels.parquet").unlink()
    handler = signal.getsignal(signal.SIGTERM)
    yield Job(open_copy(root), opt_ml)
    signal.signal(signal.SIGTERM, handler)


def test_a_training_job_leaves_what_an_endpoint_serves(job: Job) -> None:
    hyperparameters = {"training.folds": "2", "seed": "7", "sagemaker_region": "eu-west-1"}
    assert job.run(**hyperparameters) == 0, job.failure
    rollout = FolderStore(job.root / "model").pointer().rollout(job.project.rollout_key)
    assert rollout.champion == "1"
    assert (job.root / "model/1/model.onnx").is_file()
    assert "FLIGHTS__SEED" not in os.environ


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"training.fold": "2"}, "hyperparameter 'training.fold' is no setting of the project"),
        ({"training.folds": "two"}, "training.folds: expected a valid integer"),
        ({"tune": "yes"}, "hyperparameter 'tune': expected true or false"),
    ],
)
def test_a_wrong_hyperparameter_is_named(
    job: Job, hyperparameters: dict[str, str], reason: str
) -> None:
    assert job.run(**hyperparameters) == 2
    assert reason in job.failure


def test_a_job_that_cannot_be_trained_says_why(job: Job) -> None:
    (job.root / "input/data/validation").mkdir()
    assert job.run() == 2
    assert "channels training, validation" in job.failure
    hosts = {"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}
    (job.root / "input/config/resourceconfig.json").write_text(json.dumps(hosts))
    assert job.run() == 2
    assert "2 instances" in job.failure


def test_another_argument_is_rejected(job: Job) -> None:
    assert run_container(lambda: Composition(job.project, load_pipeline), ["evaluate"]) == 2
