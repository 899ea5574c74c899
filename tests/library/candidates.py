"""The candidates that the library brings, by the module they are from."""

from importlib import import_module

import pytest

from mlops_loop._encoder import Encoder
from mlops_loop.contract._model import Problem
from mlops_loop.models import Candidate, Task

LIGHT = ("baseline", "scikit_learn", "lightgbm", "xgboost", "catboost")
NETWORKS = ("pytorch", "tensorflow")
# Each in a process of its own: PyTorch and TensorFlow in one end it.
MARKED_NETWORKS = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in NETWORKS]
of_every_library = pytest.mark.parametrize("library", [*LIGHT, *MARKED_NETWORKS])
PROBLEMS: tuple[tuple[Problem, int], ...] = (("binary", 2), ("multiclass", 3), ("regression", 0))


def task_of(problem: Problem, encoder: Encoder, rows: int = 100_000) -> Task:
    return Task(problem, encoder, seed=1, threads=1, rows=rows)


def candidates_of(library: str) -> list[Candidate]:
    """All candidates of a library, which is imported."""
    module = import_module(f"mlops_loop.models.{library}")
    if library == "baseline":
        return [module.dummy(), module.linear()]
    return [module.network() if library in NETWORKS else module.trees()]


def learning(library: str) -> list[Candidate]:
    """The candidates of a library, without those that are there to be beaten."""
    return [candidate for candidate in candidates_of(library) if not candidate.is_baseline]


ALL = tuple(candidate for library in LIGHT for candidate in candidates_of(library))
