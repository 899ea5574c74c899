"""Your pipeline and metrics: what a training leaves behind."""

import math

import numpy as np
from mlops_loop import Project
from mlops_loop.registry import gate_result
from mlops_loop.testing import TrainedProject

from {{ cookiecutter.package_name }} import metrics
from {{ cookiecutter.package_name }}.pipeline import PIPELINE


def test_ingestion_is_repeatable(project: Project, trained: TrainedProject) -> None:
    assert PIPELINE.ingest(project) == trained.ingested


def test_the_gate_says_why(trained: TrainedProject) -> None:
    decision = gate_result(trained.project.registry, trained.version)
    assert decision.summary()
    assert all(math.isfinite(value) for value in decision.metrics.values())


def test_every_metric_is_finite(trained: TrainedProject) -> None:
    metrics = trained.model.manifest.metrics
    assert metrics and all(math.isfinite(value) for value in metrics.values())


def test_the_top_decile_counts_hits_among_the_highest_probabilities() -> None:
    labels = np.array([0, 1] * 10)
    probability = np.linspace(0, 1, 20)  # the last two rows are the top decile
    predicted = np.column_stack([1 - probability, probability])
    assert metrics.hit_rate_of_top_decile(labels, predicted) == 0.5
