"""Reliability curve: predictions compared with observed frequencies or means.

scikit-learn's `calibration_curve` is limited to probabilities of two classes, and does not return
the number of rows of a bin.
"""

import numpy as np

from ..contract._columns import Floats
from ._measured import Bin
from ._target import Labels


def reliability(labels: Labels, predicted: Floats, bins: int = 10) -> tuple[Bin, ...]:
    """Bins with about the same number of rows, by ascending prediction.

    Two classes: the probability of the second one against its share. Several classes: the
    probability of the predicted class against how often it was right. Values: the mean
    prediction against the mean label.

    Args:
        labels: class codes or values, shape (rows,).
        predicted: probabilities of shape (rows, classes), or values of shape (rows,).
        bins: maximum number; fewer if predictions are equal.
    """
    if predicted.ndim == 1:
        predictions, observed = predicted, labels.astype(np.float64)
    elif predicted.shape[1] == 2:
        predictions, observed = predicted[:, 1], (labels == 1).astype(np.float64)
    else:
        predictions = predicted.max(axis=1)
        observed = (predicted.argmax(axis=1) == labels).astype(np.float64)
    edges = np.unique(np.quantile(predictions, np.linspace(0, 1, bins + 1)))
    bin_of_row = np.searchsorted(edges[1:-1], predictions, side="right")
    parts = [np.flatnonzero(bin_of_row == at) for at in np.unique(bin_of_row)]
    return tuple(
        Bin(float(predictions[rows].mean()), float(observed[rows].mean()), len(rows))
        for rows in parts
    )
