"""Candidates: what may be trained. One file a library, found by its name in the settings."""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.model import Problem
from ..encoder import Encoder, Matrix
from ..errors import SettingsError

Parameters = Mapping[str, Any]
SearchSpace = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """All that a library may know when it makes its candidates."""

    problem: Problem
    encoder: Encoder
    seed: int
    threads: int
    rows: int = 100_000

    @property
    def min_samples_leaf(self) -> int:
        """The fewest rows that trees answer from, unless tuning says otherwise.

        Rows of one day or one group resemble each other, and small leaves learn that; but of a
        small table each leaf must not be a large part.
        """
        return min(max(self.rows // 50, 5), 200)


@dataclass(frozen=True)
class Candidate:
    """Something that can be trained on the float32 matrix of the encoder.

    Attributes:
        build: an unfitted estimator with `fit` and `predict_proba` (or `predict`, for a
            regression), from parameters that override the library's defaults.
        search_space: parameters that an Optuna trial suggests; None where there is nothing to tune.
        to_onnx: ONNX bytes of the fitted estimator, from the number of matrix columns; by
            default skl2onnx converts it.
        is_baseline: there to be beaten, never to win.
        parameters: what tuning found, for the record; `build` uses them already.
    """

    name: str
    build: Callable[[Parameters], Any]
    search_space: SearchSpace | None = None
    to_onnx: Callable[[Any, int], bytes] | None = None
    is_baseline: bool = False
    parameters: Parameters = field(default_factory=dict)


def load_candidates(names: Sequence[str], task: Task) -> tuple[Candidate, ...]:
    """The candidates of each library, in the order of the settings.

    Raises:
        SettingsError: if nothing here has that name.
    """
    candidates: list[Candidate] = []
    for name in names:
        try:
            module = import_module(f".{name}", __name__)
        except ModuleNotFoundError as error:
            raise SettingsError(_what_is_missing(name, error)) from error
        candidates += module.candidates(task)
    return tuple(candidates)


def predict_scores(estimator: Any, matrix: Matrix, classes: int) -> NDArray[np.float64]:
    """Probabilities of shape (rows, classes), or values of shape (rows,) where classes is 0.

    A class that the estimator never saw has probability 0.
    """
    if not classes:
        return np.asarray(estimator.predict(matrix), dtype=np.float64).reshape(-1)
    scores = np.zeros((len(matrix), classes))
    scores[:, np.asarray(estimator.classes_, dtype=np.intp)] = estimator.predict_proba(matrix)
    return scores


def _what_is_missing(name: str, error: ModuleNotFoundError) -> str:
    if error.name != f"{__name__}.{name}":
        return f"training.models: {name} needs the package {error.name}: install it"
    modules = {module.name for module in pkgutil.iter_modules(__path__)}
    known = ", ".join(sorted(module for module in modules if not module.startswith("_")))
    return f"training.models: there is no {name!r} in models/; it holds {known}"
