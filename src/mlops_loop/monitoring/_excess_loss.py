"""The loss of rows beyond what the model's own probabilities expect of them, in two parts.

The excess loss as it is rises when a class becomes more frequent than predicted. Without the part
that the shares of the classes explain, it rises when the inputs no longer tell the classes apart.
For a regression it is the loss itself.
"""

import numpy as np

from .._calibration import SMALLEST
from ..contract._columns import Floats
from ..evaluation._target import Labels


def excess_losses(metric: str, scores: Floats, labels: Labels, held_out: Floats) -> Floats:
    """Loss less expected loss of each row, shape (rows, parts); see the module.

    Args:
        metric: log_loss, brier, accuracy, rmse or mae; the log loss or rmse stands in for others.
        scores: probabilities of shape (rows, classes), or values of shape (rows,).
        labels: class codes or values.
        held_out: scores of the holdout, whose mean losses weigh the shares of the classes.
    """
    if scores.ndim == 1:
        errors = np.abs(scores - labels)
        return np.asarray((errors if metric == "mae" else errors**2)[:, None])
    surprise = np.eye(scores.shape[1])[labels.astype(np.intp)] - scores
    losses = _losses_by_class(metric, scores)
    centred = losses - _losses_by_class(metric, held_out).mean(axis=0)
    return np.stack([(surprise * losses).sum(axis=1), (surprise * centred).sum(axis=1)], axis=1)


def _losses_by_class(metric: str, scores: Floats) -> Floats:
    """The loss of each row if the label were each class, up to a constant of the row."""
    if metric == "brier":
        factor = 2.0 if scores.shape[1] > 2 else 1.0  # of two classes one counts
        return np.asarray(-factor * scores)
    if metric == "accuracy":
        return np.asarray(-np.eye(scores.shape[1])[scores.argmax(axis=1)])
    return np.asarray(-np.log(np.clip(scores, SMALLEST, 1.0)))
