"""The examples in docstrings of extension points run."""

import doctest
from importlib import import_module
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from mlops_loop.encoder import Encoder
from mlops_loop.evaluation import bootstrap, gate_result, rules
from mlops_loop.evaluation.comparison import Comparison
from mlops_loop.evaluation.metrics import log_loss
from mlops_loop.feature_set import FeatureSet
from mlops_loop.project import Project
from mlops_loop.settings import Gate
from mlops_loop.training.data import Rows

EXTENSION_POINTS = (
    "data.ingestion",
    "evaluation.gate",
    "evaluation.metrics",
    "models",
    "monitoring.checks",
    "monitoring.plan",
    "project",
    "references",
    "training.data",
)


def comparison_of(project: Project) -> Comparison:
    labels = np.arange(200) % 2
    good, chance = np.where(labels == 1, 0.8, 0.2), np.full(200, 0.5)
    return Comparison(
        metric=log_loss,
        labels=labels,
        candidate=np.stack([1 - good, good], axis=1) * 0.5 + 0.25,
        baseline=np.stack([chance, chance], axis=1),
        columns={},
        contract=project.contract,
        settings=Gate(),
        resampling=bootstrap.Resampling(np.arange(200), 50, 0.95, 1),
        size=1,
        latency=0.001,
    )


@pytest.mark.parametrize("name", EXTENSION_POINTS)
def test_the_examples_of_an_extension_point_run(
    name: str, project: Project, encoder: Encoder
) -> None:
    module = import_module(f"mlops_loop.{name}")
    given: dict[str, Any] = {
        **vars(module),
        **vars(rules),
        **vars(gate_result),
        "np": np,
        "project": project,
        "encoder": encoder,
        "FeatureSet": FeatureSet,
        "Rows": Rows,
        "rows": rows_of(project),
        "comparison": comparison_of(project),
        "parcels": pyarrow.parquet.read_table(project.root / "parcels.parquet"),
    }
    examples = [test for test in doctest.DocTestFinder().find(module, globs=given) if test.examples]
    assert examples
    for example in examples:
        assert run(example) == 0, example.name


def run(example: doctest.DocTest) -> int:
    return doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed


def rows_of(project: Project) -> Rows:
    from mlops_loop.references import SnapshotRef

    return SnapshotRef.latest(project).load(project)
