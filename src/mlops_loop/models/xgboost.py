"""Gradient-boosted trees of XGBoost.

They take missing values as they are and categories as positions, like the trees of scikit-learn
beside them. Rare classes get no weights: the probabilities would no longer be those of the data.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBClassifier, XGBRegressor

from .._encoder import Matrix
from . import Candidate, DaskRows, Parameters, Task
from ._boosting import boosting_defaults

__all__ = ["trees"]

# The newest that onnxmltools writes.
_OPSET = 15
# Rows of which the second derivatives of the log loss add up to one, about.
_ROWS_PER_WEIGHT = 5


def trees(**parameters: Any) -> Candidate:
    """Gradient-boosted trees of XGBoost.

    Args:
        parameters: parameters of the estimator that override the defaults.

    Examples:
        >>> trees(learning_rate=0.05).name
        'xgboost'
    """
    return Candidate(
        "xgboost",
        _trees,
        search_space=_search_space,
        to_onnx=to_onnx,
        parameters=parameters,
        fit_on_dask=_fit_on_dask,
    )


def _trees(task: Task, parameters: Parameters) -> Any:
    default = boosting_defaults(task)
    weight = default.leaf_rows / (1 if task.is_regression else _ROWS_PER_WEIGHT)
    chosen = {
        "learning_rate": default.learning_rate,
        "n_estimators": default.trees,
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": default.leaves,
        "min_child_weight": weight,
        "reg_lambda": default.l2,
        "colsample_bynode": default.column_share,
        "tree_method": "hist",
        "random_state": task.seed,
        "n_jobs": task.threads,
        **parameters,
    }
    return XGBRegressor(**chosen) if task.is_regression else Classifier(chosen)


def _fit_on_dask(estimator: Any, rows: DaskRows) -> Any:
    import dask.array as da
    from xgboost.dask import DaskXGBClassifier, DaskXGBRegressor

    if not isinstance(estimator, Classifier):
        return _fit_trees(DaskXGBRegressor, estimator, rows)
    estimator.classes_ = classes = rows.client.compute(da.unique(rows.labels)).result()
    positions = rows.labels.map_blocks(lambda labels: np.searchsorted(classes, labels))
    _fit_trees(DaskXGBClassifier, estimator.trees, rows._replace(labels=positions))
    return estimator


def _fit_trees(distributed: Any, trees: Any, rows: DaskRows) -> Any:
    # Threads are those of a worker.
    on_workers = distributed(**{**trees.get_params(), "n_jobs": None})
    on_workers.client = rows.client
    on_workers.fit(rows.matrix, rows.labels)
    trees.load_model(on_workers.get_booster().save_raw())
    return trees


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "n_estimators": trial.suggest_int("n_estimators", 50, 500, step=50),
        "max_leaves": trial.suggest_int("max_leaves", 4, 64, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 0.5, 50.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
        "colsample_bynode": trial.suggest_float("colsample_bynode", 0.3, 1.0),
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
