"""The candidates that the library brings, by the module they are from."""

from mlops_loop.contract.model import Problem
from mlops_loop.encoder import Encoder
from mlops_loop.models import (
    Candidate,
    Task,
    baseline,
    catboost,
    lightgbm,
    pytorch,
    scikit_learn,
    tensorflow,
    xgboost,
)

LIBRARIES = ("baseline", "scikit_learn", "lightgbm", "xgboost", "catboost")
CANDIDATES: dict[str, tuple[Candidate, ...]] = {
    "baseline": (baseline.dummy(), baseline.linear()),
    "scikit_learn": (scikit_learn.trees(),),
    "lightgbm": (lightgbm.trees(),),
    "xgboost": (xgboost.trees(),),
    "catboost": (catboost.trees(),),
    "pytorch": (pytorch.network(),),
    "tensorflow": (tensorflow.network(),),
}
ALL = tuple(candidate for library in LIBRARIES for candidate in CANDIDATES[library])
PROBLEMS: tuple[tuple[Problem, int], ...] = (("binary", 2), ("multiclass", 3), ("regression", 0))


def task_of(problem: Problem, encoder: Encoder, rows: int = 100_000) -> Task:
    return Task(problem, encoder, seed=1, threads=1, rows=rows)


def learning(library: str) -> list[Candidate]:
    """The candidates of a library, without those that are there to be beaten."""
    return [candidate for candidate in CANDIDATES[library] if not candidate.is_baseline]
