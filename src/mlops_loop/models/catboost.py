"""Gradient-boosted trees of CatBoost.

Categories are positions, as CatBoost has no ONNX form for its own treatment of them. A missing
value counts as smaller than any other, also where no row of the training lacked one. Rare classes
get no weights: the probabilities would no longer be those of the data.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from catboost import CatBoostClassifier, CatBoostRegressor

from ..contract._model import Problem
from . import Candidate, Parameters, Task

__all__ = ["trees"]

_LOSSES: dict[Problem, str] = {
    "binary": "Logloss",
    "multiclass": "MultiClass",
    "regression": "RMSE",
}
# A number says more about its row than a class, so that a regression takes larger trees.
_REGRESSION: dict[str, Any] = {"iterations": 400, "depth": 5}
_CLASSIFICATION: dict[str, Any] = {"iterations": 250, "depth": 4}
# Silent, and without files.
_ALWAYS: dict[str, Any] = {
    "nan_mode": "Min",
    "allow_writing_files": False,
    "logging_level": "Silent",
}


def trees(**parameters: Any) -> Candidate:
    """Gradient-boosted trees of CatBoost.

    Args:
        parameters: parameters of the estimator that override the defaults.

    Examples:
        >>> trees(learning_rate=0.05).name
        'catboost'
    """
    return Candidate(
        "catboost", _trees, search_space=_search_space, to_onnx=to_onnx, parameters=parameters
    )


def _trees(task: Task, parameters: Parameters) -> Any:
    kind = CatBoostRegressor if task.is_regression else CatBoostClassifier
    chosen = {
        "learning_rate": 0.1,
        "l2_leaf_reg": 3.0,
        **(_REGRESSION if task.is_regression else _CLASSIFICATION),
        "loss_function": _LOSSES[task.problem],
        "random_seed": task.seed,
        "thread_count": task.threads,
    }
    return kind(**{**chosen, **_ALWAYS, **parameters})


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "iterations": trial.suggest_int("iterations", 100, 600, step=50),
        "depth": trial.suggest_int("depth", 2, 8),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 0.1, 30.0, log=True),
    }


def to_onnx(estimator: Any, features: int) -> bytes:
    """CatBoost's own ONNX form, whose probabilities leave as a tensor instead of as maps.

    The dates and settings that it carries along stay behind: the same trees give the same bytes.
    """
    from onnx import TensorProto, helper, load_model

    with TemporaryDirectory() as folder:
        path = Path(folder, "trees.onnx")
        estimator.save_model(str(path), format="onnx")
        written = load_model(path)
    (trees,) = [node for node in written.graph.node if node.op_type.startswith("TreeEnsemble")]
    rows = helper.make_tensor_value_info(trees.input[0], TensorProto.FLOAT, [None, features])
    scores = helper.make_tensor_value_info(trees.output[-1], TensorProto.FLOAT, None)
    graph = helper.make_graph([trees], "catboost", [rows], [scores])
    model = helper.make_model(
        graph, opset_imports=written.opset_import, ir_version=written.ir_version
    )
    return bytes(model.SerializeToString())
