"""Scores too good to be true: most often a column that leaks the target."""

import numpy as np

from ..contract._columns import Floats
from ._target import Labels

PERFECT = "a perfect score is unusual: check for a leak of the target"
# Fewer rows may be predicted perfectly by luck, or because the classes are far apart.
_MIN_ROWS = 100
# Of the error of a constant prediction, the share that a perfect one has at most.
_MAX_SHARE = 1e-3


def is_perfect(labels: Labels, predicted: Floats) -> bool:
    """Whether predictions leave next to nothing of the error of a constant prediction.

    Args:
        labels: class codes or values of shape (rows,), of rows that were not trained on.
        predicted: probabilities of shape (rows, classes), or values of shape (rows,).
    """
    if len(labels) < _MIN_ROWS:
        return False
    if predicted.ndim == 1:
        constant = float(np.var(labels))
        error = float(np.mean((predicted - labels) ** 2))
    else:
        constant = 1 - np.bincount(labels.astype(np.intp)).max() / len(labels)
        error = float(np.mean(predicted.argmax(axis=1) != labels))
    return constant > 0 and error <= _MAX_SHARE * constant
