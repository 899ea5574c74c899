"""Candidates: what may be trained. A project lists its own in `models.py`.

One module a library, with functions that return candidates, e.g. `lightgbm.trees()`; it is
imported only by projects that name it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.model import Problem
from ..encoder import Encoder, Matrix

__all__ = ["Candidate", "Task"]

Parameters = Mapping[str, Any]
SearchSpace = Callable[[Any], dict[str, Any]]
PROBLEMS: tuple[Problem, ...] = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Task:
    """All that a candidate may know when it builds its estimator.

    Attributes:
        problem: `binary`, `multiclass` or `regression`.
        encoder: which columns of the matrix are categories, and which ones there are.
        seed: for everything random.
        threads: that an estimator may use.
        rows: of the training.
    """

    problem: Problem
    encoder: Encoder
    seed: int
    threads: int
    rows: int = 100_000

    @property
    def min_samples_leaf(self) -> int:
        """The fewest rows that trees predict from, unless tuning says otherwise.

        Rows of one day or one group resemble each other, and small leaves learn that; but of a
        small table each leaf must not be a large part.
        """
        return min(max(self.rows // 50, 5), 200)


@dataclass(frozen=True)
class Candidate:
    """Something that can be trained on the float32 matrix of the encoder.

    The matrix has a column for each feature: numbers as they are, categories as positions (-1 for
    one that was not seen in training), NaN where a value is missing. Any scikit-learn estimator or
    pipeline that can be fitted on it is a candidate; a classifier needs `predict_proba`.

    Attributes:
        name: on the leaderboard.
        build: an unfitted estimator, from the task and parameters that override its defaults.
        search_space: parameters that an Optuna trial suggests; None where nothing is tuned.
        problems: that it is a candidate for.
        to_onnx: ONNX bytes of the fitted estimator, from the number of matrix columns; by
            default skl2onnx converts it. Without a converter a candidate is compared, and cannot
            win.
        is_baseline: there to be beaten, never to win.
        is_tuned: whether `parameters` were found by a search.
        parameters: that override those of `build`.

    Example:
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

    def estimator(self, task: Task, **parameters: Any) -> Any:
        """An unfitted estimator with the candidate's parameters, and those given on top."""
        return self.build(task, {**self.parameters, **parameters})


def predict_scores(estimator: Any, matrix: Matrix, classes: int) -> NDArray[np.float64]:
    """Probabilities of shape (rows, classes), or values of shape (rows,) where classes is 0.

    A class that the estimator never saw has probability 0.
    """
    if not classes:
        return np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1)
    scores = np.zeros((len(matrix), classes))
    scores[:, np.asarray(estimator.classes_, dtype=np.intp)] = estimator.predict_proba(matrix)
    return scores
