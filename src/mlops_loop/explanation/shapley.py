"""Shapley values of columns: what each adds, fairly shared, to the answer for one row.

S. Lundberg and S. Lee, A Unified Approach to Interpreting Model Predictions, NIPS 2017. A column
is left out of a prediction by giving it the values that it has in other rows. That asks nothing
of a model but its answers, so it holds for every library, and for the columns of the contract.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.columns import Columns, length
from ..errors import InputError

Floats = NDArray[np.float64]

# With so many columns all sets of them are tried; with more, random orders.
_EXACT = 10
# Sets of columns at a time, which bounds the memory.
_BATCH = 200


@dataclass(frozen=True)
class ShapleyEstimator:
    """The columns of a row play for its prediction.

    Attributes:
        shap: the library.
        scores: the model: columns to an array of shape (rows, outputs).
        background: rows whose values stand for columns that are left out.
        seed: of the random orders.
    """

    shap: Any
    scores: Callable[[Columns], Floats]
    background: Columns
    seed: int

    def values(self, row: Columns, *, n_permutations: int) -> tuple[Floats, Floats]:
        """The mean answer, shape (outputs,), and what columns add, shape (columns, outputs).

        Args:
            row: the same columns as the background's, one entry each.
            n_permutations: random orders (and their reverses) in which columns are added,
                where there are many.
        """

        # The library sees which columns are known and no values: its one background row is all
        # zeros, the row that it explains all ones.
        def mean_scores(known: NDArray[Any]) -> Floats:
            return self._mean_scores(row, known.astype(np.bool_))

        width = len(self.background)
        nothing, everything = np.zeros((1, width)), np.ones((1, width))
        if width <= _EXACT:
            exact = self.shap.ExactExplainer(mean_scores, nothing)
            found = exact(everything, batch_size=_BATCH, silent=True)
        else:
            sampled = self.shap.PermutationExplainer(mean_scores, nothing, seed=self.seed)
            calls = n_permutations * (2 * width + 1)
            found = sampled(everything, max_evals=calls, batch_size=_BATCH, silent=True)
        # One output is squeezed by one of the two, and not by the other.
        return np.reshape(found.base_values[0], -1), np.reshape(found.values[0], (width, -1))

    def _mean_scores(self, row: Columns, known: NDArray[np.bool_]) -> Floats:
        """For each set of known columns, shape (sets, columns), the mean answer."""
        others = length(self.background)
        mixed = {
            name: np.where(
                np.repeat(known[:, place], others), row[name], np.tile(values, len(known))
            )
            for place, (name, values) in enumerate(self.background.items())
        }
        mean: Floats = self.scores(mixed).reshape(len(known), others, -1).mean(axis=1)
        return mean


def import_shap() -> Any:
    """The library, which has a group of its own.

    Raises:
        InputError: if it is not installed.
    """
    try:
        with warnings.catch_warnings():
            # It brings plots along, which use what matplotlib is about to give up.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap
    except ImportError as error:
        raise InputError(
            "explanations need the package shap: run `poetry install --with explain`"
        ) from error
    return shap
