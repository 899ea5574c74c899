"""Gradient-boosted trees of LightGBM.

They take missing values as they are and categories as positions, like the trees of scikit-learn
beside them.
"""

import logging
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier, LGBMRegressor, register_logger

from . import Candidate, DaskRows, Parameters, Task
from ._boosting import boosting_defaults

__all__ = ["trees"]

_LOGGER = logging.getLogger(__name__)

# The newest that onnxmltools writes.
_OPSET = 15

# Deterministic and silent.
_ALWAYS: dict[str, Any] = {"deterministic": True, "force_row_wise": True, "verbosity": -1}


def trees(**parameters: Any) -> Candidate:
    """Gradient-boosted trees of LightGBM.

    Args:
        parameters: parameters of the estimator that override the defaults.

    Examples:
        >>> trees(learning_rate=0.05).name
        'lightgbm'
    """
    return Candidate(
        "lightgbm",
        _trees,
        search_space=_search_space,
        to_onnx=to_onnx,
        parameters=parameters,
        fit_on_dask=_fit_on_dask,
    )


def _trees(task: Task, parameters: Parameters) -> Any:
    kind = LGBMRegressor if task.is_regression else LGBMClassifier
    default = boosting_defaults(task)
    chosen = {
        "learning_rate": default.learning_rate,
        "n_estimators": default.trees,
        "num_leaves": default.leaves,
        "min_child_samples": default.leaf_rows,
        "reg_lambda": default.l2,
        "feature_fraction_bynode": default.column_share,
        "random_state": task.seed,
        "n_jobs": task.threads,
    }
    return kind(**{**chosen, **_ALWAYS, **parameters})


def _fit_on_dask(estimator: Any, rows: DaskRows) -> Any:
    from lightgbm import DaskLGBMClassifier, DaskLGBMRegressor

    kind = DaskLGBMRegressor if isinstance(estimator, LGBMRegressor) else DaskLGBMClassifier
    distributed = kind(**estimator.get_params(), client=rows.client)
    # Its messages go to standard output otherwise, here and on workers of this machine.
    register_logger(_LOGGER)
    rows.client.run(register_logger, _LOGGER)
    with warnings.catch_warnings():
        # Threads are those of a worker.
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored", UserWarning)
        return distributed.fit(rows.matrix, rows.labels).to_local()


def _search_space(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "n_estimators": trial.suggest_int("n_estimators", 50, 500, step=50),
        "num_leaves": trial.suggest_int("num_leaves", 4, 64, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 100, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
        "feature_fraction_bynode": trial.suggest_float("feature_fraction_bynode", 0.3, 1.0),
    }


def to_onnx(estimator: Any, features: int) -> bytes:
    """The trees in ONNX, which compares in float32: thresholds are rounded down to that.

    LightGBM's thresholds lie between two values of the matrix. Rounded to the nearest float32, one
    between neighbours would become the upper of them, and send it to the wrong side.
    """
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    rows = [("rows", FloatTensorType([None, features]))]
    model = convert_lightgbm(estimator, initial_types=rows, zipmap=False, target_opset=_OPSET)
    (ensemble,) = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    written = {attribute.name: attribute for attribute in ensemble.attribute}
    exact = np.zeros(len(written["nodes_values"].floats))
    for at, threshold in _thresholds(estimator.booster_.dump_model()["tree_info"], written):
        exact[at] = threshold
    with np.errstate(over="ignore"):  # a split on missing values alone has a threshold beyond all
        nearest = exact.astype(np.float32)
    below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
    written["nodes_values"].floats[:] = below.tolist()
    return bytes(model.SerializeToString())


def _thresholds(
    trees: list[dict[str, Any]], written: dict[str, Any]
) -> Iterator[tuple[int, float]]:
    """Every threshold of LightGBM, and its place among the nodes of the ONNX form."""
    ids = zip(written["nodes_treeids"].ints, written["nodes_nodeids"].ints, strict=True)
    places = {key: at for at, key in enumerate(ids)}
    children = {
        "left_child": written["nodes_truenodeids"].ints,
        "right_child": written["nodes_falsenodeids"].ints,
    }
    for number, tree in enumerate(trees):
        waiting = [(tree["tree_structure"], places[number, 0])]
        while waiting:
            node, at = waiting.pop()
            if "threshold" in node:
                yield at, node["threshold"]
                for name, ids_of in children.items():
                    waiting.append((node[name], places[number, ids_of[at]]))
