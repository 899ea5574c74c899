"""Gradient-boosted trees of XGBoost.

They take missing values as they are and categories as positions, like the trees of scikit-learn
beside them. Rare classes get no weights: the probabilities would no longer be those of the data.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBClassifier, XGBRegressor

from .._encoder import Matrix
from . import Candidate, Parameters, Task

__all__ = ["trees"]

# The newest that onnxmltools writes.
_OPSET = 15

# Small trees: rows of one day or one group resemble each other, and large trees learn that.
_DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.1,
    "n_estimators": 100,
    "grow_policy": "lossguide",
    "max_depth": 0,
    "max_leaves": 8,
    "min_child_weight": 30.0,
    "reg_lambda": 10.0,
}


def trees(**parameters: Any) -> Candidate:
    """Gradient-boosted trees of XGBoost.

    Args:
        parameters: parameters of the estimator that override the defaults.

    Examples:
        >>> trees(learning_rate=0.05).name
        'xgboost'
    """
    return Candidate(
        "xgboost", _trees, search_space=_search_space, to_onnx=to_onnx, parameters=parameters
    )


def _trees(task: Task, parameters: Parameters) -> Any:
    fixed = {"random_state": task.seed, "n_jobs": task.threads, "tree_method": "hist"}
    chosen = {**_DEFAULTS, **fixed, **parameters}
    return XGBRegressor(**chosen) if task.problem == "regression" else Classifier(chosen)


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "n_estimators": trial.suggest_int("n_estimators", 50, 300, step=25),
        "max_leaves": trial.suggest_int("max_leaves", 4, 64, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 1.0, 100.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
    }


class Classifier:
    """XGBoost's classifier for classes with gaps: a fold may lack one of them."""

    classes_: NDArray[Any]

    def __init__(self, parameters: Parameters) -> None:
        self.trees = XGBClassifier(**parameters)

    def fit(self, matrix: Matrix, labels: NDArray[Any]) -> Self:
        self.classes_, positions = np.unique(labels, return_inverse=True)
        self.trees.fit(matrix, positions)
        return self

    def predict_proba(self, matrix: Matrix) -> NDArray[np.float32]:
        return np.asarray(self.trees.predict_proba(matrix))


def to_onnx(estimator: Any, features: int) -> bytes:
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    trees = estimator.trees if isinstance(estimator, Classifier) else estimator
    rows = [("rows", FloatTensorType([None, features]))]
    model = convert_xgboost(trees, initial_types=rows, target_opset=_OPSET)
    return bytes(model.SerializeToString())
