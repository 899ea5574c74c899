"""Fitting of candidates, with a fallback for rows that their library cannot fit."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoder import Matrix
from ..errors import EngineError, EngineUnavailableError, TrainingError
from . import Candidate, Task, predict_scores
from ._scaled_target import ScaledTarget
from ._stored_matrix import ROWS_IN_MEMORY, StoredMatrix

# Of a fit on Dask, of which every worker is a part.
_ATTEMPTS = 3
_RESTART_SECONDS = 30


def fit(
    candidate: Candidate,
    task: Task,
    matrix: Matrix | StoredMatrix,
    labels: NDArray[Any],
    **parameters: Any,
) -> Any:
    """A fitted estimator; a constant one if there is nothing to learn.

    Of more rows than the candidate is fitted on, a uniform sample is used (`Candidate.max_rows`).
    A column that is empty in these rows, e.g. of a new sensor, becomes constant, so that its values
    in other rows do not change predictions.

    Rows in files are fitted on by Dask, if the candidate has a `fit_on_dask`.

    Args:
        candidate: the candidate to fit.
        task: the task to fit it for.
        matrix: shape (rows, features); NaN where a value is missing.
        labels: class codes or values of shape (rows,).
        parameters: parameters that override those of the candidate.

    Raises:
        EngineUnavailableError: if workers die again and again.
        TrainingError: naming the candidate, if its estimator cannot be built or fitted.
    """
    rows = rows_to_fit(candidate, task, matrix)
    if rows < len(labels):
        sample = np.random.default_rng(task.seed).choice(len(labels), rows, replace=False)
        sample.sort()  # neighbouring rows stay neighbours
        matrix, labels = matrix[sample], labels[sample]
    elif isinstance(matrix, StoredMatrix) and candidate.fit_on_dask is None:
        matrix = matrix[np.arange(rows)]
    if not is_learnable(matrix, labels):
        return _constant(labels).fit(matrix, labels)
    if not isinstance(matrix, StoredMatrix):
        empty = np.isnan(matrix).all(axis=0)
        if empty.any():
            matrix = np.where(empty, np.float32(0), matrix)
    try:
        build = partial(candidate.estimator, task, **parameters)
        estimator: Any = _OnDask(build, candidate) if isinstance(matrix, StoredMatrix) else build()
        if task.is_regression and candidate.scales_target:
            return ScaledTarget.fit(estimator, matrix, labels)
        return estimator.fit(matrix, labels)
    except EngineError:
        raise
    except Exception as error:  # whatever its library raises
        raise _error(candidate, "be fitted", error) from error


@contextmanager
def expected_warnings() -> Iterator[None]:
    """For fits: leaves out warnings about what is as it should be.

    A solver may stop at its limit of iterations, and Keras stores its networks by a call that NumPy
    is about to change. Around the threads that fit, as filters of warnings belong to the process.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        yield


@dataclass(frozen=True)
class _OnDask:
    """An estimator that is fitted on rows in files, again if a worker dies."""

    build: Callable[[], Any]
    candidate: Candidate

    def fit(self, matrix: StoredMatrix, labels: NDArray[Any]) -> Any:
        assert self.candidate.fit_on_dask is not None and matrix.client is not None
        with matrix.client.as_current():
            for _ in range(_ATTEMPTS):
                workers = matrix.workers()
                try:
                    return self.candidate.fit_on_dask(self.build(), matrix.to_dask(labels))
                except Exception:
                    if workers <= matrix.workers():
                        raise
                    # Those that a supervisor starts again.
                    with suppress(TimeoutError):
                        matrix.client.wait_for_workers(len(workers), timeout=_RESTART_SECONDS)
        raise EngineUnavailableError(
            f"workers died again and again while {self.candidate.name} was fitted: give them more "
            "memory, or start more of them, and see their logs"
        )


def rows_to_fit(candidate: Candidate, task: Task, matrix: Matrix | StoredMatrix) -> int:
    """The number of rows, of those at hand, that a candidate is fitted on."""
    rows = len(matrix)
    if isinstance(matrix, StoredMatrix) and candidate.fit_on_dask is None:
        rows = min(rows, ROWS_IN_MEMORY)
    return rows if candidate.max_rows is None else min(rows, candidate.max_rows(task))


def predict(
    candidate: Candidate, estimator: Any, matrix: Matrix, classes: int
) -> NDArray[np.float64]:
    """The scores of a fitted estimator, see `predict_scores`.

    Raises:
        TrainingError: naming the candidate, if its estimator cannot predict.
    """
    try:
        return predict_scores(estimator, matrix, classes)
    except Exception as error:
        raise _error(candidate, "predict", error) from error


def _error(candidate: Candidate, verb: str, error: Exception) -> TrainingError:
    first = str(error).partition("\n")[0]
    is_about_target = candidate.scales_target and "negative" in first
    hint = " (`scales_target=False` leaves the target as it is)" if is_about_target else ""
    return TrainingError(
        f"the candidate {candidate.name} cannot {verb} ({type(error).__name__}: {first}): see "
        f"models.py{hint}"
    )


def is_learnable(matrix: Matrix | StoredMatrix, labels: NDArray[Any]) -> bool:
    """Whether the target varies, and some column does."""
    if isinstance(matrix, StoredMatrix):
        matrix = matrix.sample()
    return bool(np.any(labels != labels[:1]) and _varying(matrix).any())


def _varying(matrix: Matrix) -> NDArray[np.bool_]:
    first = matrix[:1]
    same = (matrix == first) | (np.isnan(matrix) & np.isnan(first))
    varying: NDArray[np.bool_] = ~same.all(axis=0)
    return varying


def _constant(labels: NDArray[Any]) -> Any:
    from sklearn.dummy import DummyClassifier, DummyRegressor

    # Class codes are whole numbers, values of a regression are not.
    return DummyClassifier() if labels.dtype.kind == "i" else DummyRegressor()
