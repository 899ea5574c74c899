"""Training rows for tests: a matrix of numbers instead of a snapshot."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._references import SnapshotRef
from mlops_loop._run_context import RunContext
from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop._training.data import TrainingData
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Problem
from mlops_loop.data._rows import Rows
from mlops_loop.data._split import Fold
from mlops_loop.evaluation._target import Labels
from mlops_loop.models import Task

from .places import FLIGHTS

TARGETS = {
    "binary": "{type: boolean, role: target}",
    "multiclass": "{type: category, role: target, categories: {values: [a, b, c]}}",
    "regression": "{type: number, role: target}",
}


def training_data(
    matrix: Matrix,
    labels: Labels,
    encoder: Encoder,
    problem: Problem = "binary",
    *,
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    settings: Settings | None = None,
    context: RunContext | None = None,
) -> TrainingData:
    """Rows to train on; each is a row of its own for whatever cuts folds."""
    contract = parse_contract(
        f"problem: {problem}\nlabel_horizon: 1d\ncolumns:\n"
        f"  number: {{type: number}}\n  outcome: {TARGETS[problem]}\n"
    )
    rows = Rows(
        columns={"number": np.arange(len(labels), dtype=np.float64), "outcome": labels},
        contract=contract,
        settings=settings or load_settings(FLIGHTS),
        snapshot=SnapshotRef("snapshot", contract.digest, len(labels), "made up"),
        context=context or RunContext(),
    )
    return TrainingData(
        matrix=matrix,
        labels=labels,
        folds=tuple(Fold(fit, validation) for fit, validation in folds),
        task=Task(problem, encoder, seed=1, threads=2, rows=len(labels)),
        rows=rows,
        features="features",
    )
