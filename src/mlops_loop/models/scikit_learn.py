"""Histogram gradient-boosted trees of scikit-learn.

Missing values are passed as they are, categories as positions. They are not declared as categorical
features, because the ONNX model would then predict differently.
"""

from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from . import Candidate, Parameters, Task

__all__ = ["trees"]

# Small trees: rows of one day or one group resemble each other, and large trees overfit to that.
_DEFAULTS: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_iter": 100,
    "max_leaf_nodes": 8,
    "l2_regularization": 10.0,
    "early_stopping": False,
}


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
    is_regression = task.problem == "regression"
    kind = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
    chosen = {"min_samples_leaf": task.min_samples_leaf, "random_state": task.seed}
    return kind(**{**_DEFAULTS, **chosen, **parameters})


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "max_iter": trial.suggest_int("max_iter", 50, 300, step=25),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 64, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 200, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True),
    }
