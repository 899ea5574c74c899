"""Shapley values of the columns of a row.

Lundberg & Lee, "A Unified Approach to Interpreting Model Predictions", NIPS 2017; with many columns
estimated from random permutations: Štrumbelj & Kononenko, "Explaining prediction models and
individual predictions with feature contributions", Knowledge and Information Systems 41 (2014). A
column is left out of a prediction by replacing it with its values in other rows, so that only
predictions of the model are needed.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract._columns import Columns, Floats, length
from ..errors import InputError

# Exact up to this number of columns; random permutations with more.
_EXACT = 10
# Subsets of columns in a batch, which bounds the memory.
_BATCH = 200


@dataclass(frozen=True)
class ShapleyEstimator:
    """Estimates Shapley values.

    Attributes:
        shap: the module `shap`.
        scores: the model, from columns to float64 of shape (rows, outputs).
        background: rows whose values stand for columns that are left out.
        seed: seed of the random permutations.
    """

    shap: Any
    scores: Callable[[Columns], Floats]
    background: Columns
    seed: int

    def values(self, row: Columns, *, n_permutations: int) -> tuple[Floats, Floats]:
        """The mean prediction, shape (outputs,), and contributions, shape (columns, outputs).

        Args:
            row: the same columns as the background's, one entry each.
            n_permutations: number of random permutations (and their reverses), if there are
                many columns.
        """

        # shap gets masks instead of values: its background row is all zeros, the explained row
        # all ones.
        def mean_scores(known: NDArray[Any]) -> Floats:
            return self._mean_scores(row, known.astype(np.bool_))

        width = len(self.background)
        nothing, everything = np.zeros((1, width)), np.ones((1, width))
        if width <= _EXACT:
            exact = self.shap.ExactExplainer(mean_scores, nothing)
            explanation = exact(everything, batch_size=_BATCH, silent=True)
        else:
            sampled = self.shap.PermutationExplainer(mean_scores, nothing, seed=self.seed)
            calls = n_permutations * (2 * width + 1)
            explanation = sampled(everything, max_evals=calls, batch_size=_BATCH, silent=True)
        # Only one of the two explainers squeezes a single output.
        return np.reshape(explanation.base_values[0], -1), np.reshape(
            explanation.values[0], (width, -1)
        )

    def _mean_scores(self, row: Columns, known: NDArray[np.bool_]) -> Floats:
        """The mean prediction for each mask of known columns, shape (masks, columns)."""
        others = length(self.background)
        mixed = {
            name: np.where(
                np.repeat(known[:, index], others), row[name], np.tile(values, len(known))
            )
            for index, (name, values) in enumerate(self.background.items())
        }
        mean: Floats = self.scores(mixed).reshape(len(known), others, -1).mean(axis=1)
        return mean


def import_shap() -> Any:
    """Import shap, which is an extra.

    Raises:
        InputError: if it is not installed.
    """
    try:
        with warnings.catch_warnings():
            # Its plots use deprecated parts of matplotlib.
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import shap
    except ImportError as error:
        raise InputError(
            "explanations need the package shap: run `poetry install --with explain`"
        ) from error
    return shap
