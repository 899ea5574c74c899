"""Histogram gradient-boosted trees of scikit-learn.

Missing values are passed as they are, categories as positions. They are not declared as categorical
features, because the ONNX model would then predict differently.
"""

from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from . import Candidate, Parameters, Task
from ._boosting import boosting_defaults

__all__ = ["trees"]


def trees(**parameters: Any) -> Candidate:
    """Histogram gradient-boosted trees: `HistGradientBoostingClassifier` or `…Regressor`.

    Args:
        parameters: parameters of the estimator that override the defaults.

    Examples:
        >>> from mlops_loop.models import Task
        >>> task = Task("regression", encoder, seed=1, threads=1)
        >>> trees(max_iter=50).estimator(task).max_iter
        50
    """
    return Candidate("trees", _trees, search_space=_search_space, parameters=parameters)


def _trees(task: Task, parameters: Parameters) -> Any:
    kind = HistGradientBoostingRegressor if task.is_regression else HistGradientBoostingClassifier
    default = boosting_defaults(task)
    chosen = {
        "learning_rate": default.learning_rate,
        "max_iter": default.trees,
        "max_leaf_nodes": default.leaves,
        "min_samples_leaf": default.leaf_rows,
        "l2_regularization": default.l2,
        "max_features": default.column_share,
        "early_stopping": False,
        "random_state": task.seed,
    }
    return kind(**{**chosen, **parameters})


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "max_iter": trial.suggest_int("max_iter", 50, 500, step=50),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 64, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 100, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True),
        "max_features": trial.suggest_float("max_features", 0.3, 1.0),
    }
