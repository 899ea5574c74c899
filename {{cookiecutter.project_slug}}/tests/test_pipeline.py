"""Your pipeline: what it leaves in the registry and in the bundle store."""

import math

from mlops_loop import Project
from mlops_loop.data.ingestion import ingest
from mlops_loop.testing import TrainedProject


def test_the_version_is_registered_with_its_lineage(trained: TrainedProject) -> None:
    project = trained.project
    tags = project.registry.version(trained.version).tags
    assert tags["snapshot"] == trained.snapshot.digest
    assert tags["contract_digest"] == project.contract.digest
    assert tags["features_digest"] == project.features.digest


def test_the_exported_model_is_the_trained_one(trained: TrainedProject) -> None:
    parity = trained.model.manifest.parity
    assert parity["difference"] <= parity["tolerance"]


def test_every_metric_is_a_number(trained: TrainedProject) -> None:
    metrics = trained.model.manifest.metrics
    assert metrics and all(math.isfinite(value) for value in metrics.values())


def test_the_version_serves(trained: TrainedProject) -> None:
    assert trained.project.published().champion == trained.version


def test_ingestion_is_repeatable(project: Project, trained: TrainedProject) -> None:
    again = ingest(project.settings, project.contract, source=trained.ingested.snapshot.source)
    assert again.snapshot.digest == trained.ingested.snapshot.digest
