"""Baselines: a constant prediction, and a linear model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer, OneHotEncoder, StandardScaler

from .._encoder import UNKNOWN, Encoder
from . import Candidate, Parameters, Task

__all__ = ["dummy", "linear"]

_MISSING = UNKNOWN - 1
# A number that no data holds, in float32.
_FAR_ABOVE = 1e30
# Values of the matrix at most, which bounds the memory of a fit to about a gigabyte, and products
# of an iteration, which bounds its time to a minute or two.
_MAX_VALUES = 20_000_000
_MAX_PRODUCTS = 100_000_000


def dummy() -> Candidate:
    """A constant prediction, the baseline of the gate.

    The class frequencies of the training rows, or their mean: scikit-learn's `DummyClassifier` and
    `DummyRegressor`.

    Examples:
        >>> dummy().is_baseline
        True
    """
    return Candidate("dummy", _dummy, is_baseline=True)


def linear(**parameters: Any) -> Candidate:
    """Logistic or ridge regression on scaled numbers and one-hot categories.

    Missing numbers are replaced by the median, and a column indicates them. Of a table so large
    that it would take gigabytes, or minutes for a fit, a uniform sample of the rows is used.

    Args:
        parameters: `strength` of the regularization, by default 1.

    Examples:
        >>> from mlops_loop.models import Task
        >>> linear(strength=10.0).estimator(Task("regression", encoder, seed=1, threads=1))[-1]
        Ridge(alpha=10.0)
    """
    return Candidate(
        "linear",
        _linear,
        search_space=_search_space,
        parameters=parameters,
        max_rows=_max_rows,
    )


def _max_rows(task: Task) -> int:
    categories = len(task.encoder.categorical)
    width = 2 * len(task.encoder.names) - categories
    outputs = task.classes if task.classes > 2 else 1
    return min(_MAX_VALUES, _MAX_PRODUCTS // outputs) // max(width, 1)


def _search_space(trial: Any) -> dict[str, Any]:
    return {"strength": trial.suggest_float("strength", 1e-3, 1e3, log=True)}


def _dummy(task: Task, parameters: Parameters) -> Any:
    if task.is_regression:
        return DummyRegressor(strategy="mean")
    return DummyClassifier(strategy="prior")


def _linear(task: Task, parameters: Parameters) -> Pipeline:
    strength = parameters.get("strength", 1.0)
    if task.is_regression:
        model: Any = Ridge(alpha=strength)
    else:
        # Its steps cost the same for each class and level, unlike those of Newton's method.
        model = LogisticRegression(C=1 / strength, solver="lbfgs", tol=1e-5, max_iter=300)
    return Pipeline([("columns", _columns(task.encoder)), ("model", model)])


def _columns(encoder: Encoder) -> ColumnTransformer:
    """Numbers imputed and scaled, whether one is missing, and categories one-hot."""
    categories = list(encoder.categorical)
    numbers = [at for at in range(len(encoder.names)) if at not in categories]
    parts: list[tuple[str, Pipeline, Sequence[int]]] = []
    if numbers:
        parts += [("value", _value(), numbers), ("missing", _missing(), numbers)]
    if categories:
        parts.append(("category", _category(encoder), categories))
    return ColumnTransformer(parts)  # sparse where most of it is zeros


def _value() -> Pipeline:
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    return Pipeline([("impute", impute), ("scale", StandardScaler())])


def _missing() -> Pipeline:
    # An indicator made of steps that have an ONNX form; scikit-learn's own has none.
    fill = SimpleImputer(strategy="constant", fill_value=_FAR_ABOVE, keep_empty_features=True)
    return Pipeline([("fill", fill), ("mark", Binarizer(threshold=_FAR_ABOVE / 10))])


def _category(encoder: Encoder) -> Pipeline:
    fill = SimpleImputer(strategy="constant", fill_value=_MISSING, keep_empty_features=True)
    positions = [
        np.arange(_MISSING, len(words), dtype=np.float32) for words in encoder.vocabularies.values()
    ]
    one_hot = OneHotEncoder(categories=positions, handle_unknown="ignore")
    return Pipeline([("fill", fill), ("one_hot", one_hot)])
