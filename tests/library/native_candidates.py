"""Candidates that have no ONNX form."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer

from mlops_loop.models import Candidate, Task


class MeanByFirstColumn(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator of a project's own: shares of the classes by the sign of the first column."""

    def fit(self, matrix: NDArray[np.float32], labels: NDArray[np.int64]) -> Self:
        self.classes_ = np.unique(labels)
        hits = labels[:, None] == self.classes_
        self.shares_ = np.stack([hits[mask].mean(axis=0) for mask in self._sides(matrix)])
        return self

    def predict_proba(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        sides = np.argmax(self._sides(matrix), axis=0)
        shares: NDArray[np.float64] = self.shares_[sides]
        return shares

    @staticmethod
    def _sides(matrix: NDArray[np.float32]) -> list[NDArray[np.bool_]]:
        positive = matrix[:, 0] > 0
        return [~positive, positive]


OWN_TYPE = f"{MeanByFirstColumn.__module__}.{MeanByFirstColumn.__name__}"


def _splines(task: Task, parameters: Any) -> Any:
    return make_pipeline(SimpleImputer(), SplineTransformer(), LogisticRegression(**parameters))


SPLINES = Candidate(
    "splines",
    _splines,
    search_space=lambda trial: {"C": trial.suggest_float("C", 0.1, 10)},
    problems=("binary", "multiclass"),
)
KERNEL = Candidate(
    "kernel",
    lambda task, parameters: make_pipeline(SimpleImputer(), KernelRidge()),
    problems=("regression",),
)
OWN = Candidate("own", lambda task, parameters: MeanByFirstColumn(), problems=("binary",))
