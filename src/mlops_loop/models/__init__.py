"""Candidates: the models that a project compares and trains, listed in its `models.py`.

One module for each modelling library has functions that return candidates, e.g. `lightgbm.trees()`.
It is imported only by projects that use it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._encoder import Encoder, Matrix
from ..contract._model import Problem

__all__ = ["Candidate", "Task"]

Parameters = Mapping[str, Any]
SearchSpace = Callable[[Any], dict[str, Any]]
PROBLEMS: tuple[Problem, ...] = ("binary", "multiclass", "regression")


class DaskRows(NamedTuple):
    """Rows to fit on as arrays of Dask, and the client of the workers that hold them."""

    matrix: Any
    labels: Any
    client: Any


@dataclass(frozen=True)
class Task:
    """The task that a candidate's estimator is built for.

    Attributes:
        problem: `binary`, `multiclass` or `regression`.
        encoder: names of the matrix columns, and which ones are categories.
        seed: seed of all random numbers.
        threads: number of threads that the estimator may use.
        rows: number of training rows.
        classes: number of classes; 0 for a regression.
        is_clustered: whether rows of one day or group may resemble one another, because the
            contract has a time or group column.

    Examples:
        >>> Task("regression", encoder, seed=1, threads=1, rows=5_000).is_regression
        True
    """

    problem: Problem
    encoder: Encoder
    seed: int
    threads: int
    rows: int = 100_000
    classes: int = 0
    is_clustered: bool = False

    @property
    def is_regression(self) -> bool:
        return self.problem == "regression"


@dataclass(frozen=True)
class Candidate:
    """A model that can be trained: a name, and a function that builds its estimator.

    The estimator is fitted on a float32 matrix of shape (rows, features): numbers as they are,
    categories as positions (-1 for one that was not seen in training), NaN for a missing value.
    Any scikit-learn estimator or pipeline that accepts such a matrix will do; a classifier needs
    `predict_proba`.

    With an engine of Dask (see the setting `engine`), a candidate with `fit_on_dask` is fitted on
    rows that do not fit into the memory of one process, and others on a uniform sample.

    Attributes:
        name: name on the leaderboard.
        build: returns an unfitted estimator for a `Task` and parameters.
        search_space: returns the parameters that an Optuna trial suggests; None if nothing is
            tuned.
        problems: the kinds of problem that it is a candidate for.
        to_onnx: converts the fitted estimator, given the number of matrix columns, to the bytes
            of an ONNX model; by default skl2onnx does. A candidate that cannot be converted is
            compared, but wins only if `training.native_models` is set.
        is_baseline: whether it is the baseline of the gate, which cannot win.
        is_tuned: whether `parameters` were found by tuning.
        parameters: passed to `build`.
        max_rows: number of rows that it is fitted on at most, for a `Task`: of more, a uniform
            sample. By default all rows.
        scales_target: whether it is fitted on a numeric target around 0, in units of its spread;
            predictions are in units of the target either way. False for a loss that needs the
            target as it is, e.g. Poisson's.
        fit_on_dask: given the unfitted estimator, and `matrix` and `labels` as arrays of Dask with
            the `client` of the workers that hold them, fits there, and returns a fitted estimator
            that needs no Dask. Numeric targets are scaled before.

    Examples:
        >>> from sklearn.impute import SimpleImputer
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from sklearn.pipeline import make_pipeline
        >>> def neighbors(task, parameters):
        ...     return make_pipeline(SimpleImputer(), KNeighborsClassifier(**parameters))
        >>> candidate = Candidate(
        ...     "neighbors",
        ...     neighbors,
        ...     search_space=lambda trial: {"n_neighbors": trial.suggest_int("n_neighbors", 5, 50)},
        ...     problems=("binary", "multiclass"),
        ... )
        >>> candidate.estimator(Task("binary", encoder, seed=1, threads=1), n_neighbors=9)[-1]
        KNeighborsClassifier(n_neighbors=9)
    """

    name: str
    build: Callable[[Task, Parameters], Any]
    search_space: SearchSpace | None = None
    problems: tuple[Problem, ...] = PROBLEMS
    to_onnx: Callable[[Any, int], bytes] | None = None
    is_baseline: bool = False
    is_tuned: bool = False
    parameters: Parameters = field(default_factory=dict)
    max_rows: Callable[[Task], int] | None = None
    scales_target: bool = True
    fit_on_dask: Callable[[Any, DaskRows], Any] | None = None

    def estimator(self, task: Task, **parameters: Any) -> Any:
        """An unfitted estimator with the candidate's parameters, overridden by the given ones."""
        return self.build(task, {**self.parameters, **parameters})


def predict_scores(estimator: Any, matrix: Matrix, classes: int) -> NDArray[np.float64]:
    """Probabilities of shape (rows, classes), or values of shape (rows,) where classes is 0.

    A class that was missing in training has probability 0.
    """
    if not classes:
        return np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1)
    scores = np.zeros((len(matrix), classes))
    scores[:, np.asarray(estimator.classes_, dtype=np.intp)] = estimator.predict_proba(matrix)
    return scores
