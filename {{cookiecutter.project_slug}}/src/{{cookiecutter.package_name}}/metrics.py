"""The metric that decides, and those reported beside it.

A metric is a function of labels and predictions, and says which direction is better. Labels are
class codes in the order of the contract (or values), predictions are probabilities of shape (rows,
classes) (or values). Metrics of another kind of problem than yours are left out.
"""

import numpy as np
from mlops_loop.evaluation import (
    Metric,
    MetricByProblem,
    accuracy,
    brier,
    log_loss,
    mae,
    rmse,
    roc_auc,
)
from numpy.typing import NDArray


def hit_rate_of_top_decile(labels: NDArray[np.int64], predicted: NDArray[np.float64]) -> float:
    """Of the tenth of rows with the highest probability, the share that is of the second class."""
    probability = predicted[:, 1]
    top = np.argsort(-probability, kind="stable")[: max(len(probability) // 10, 1)]
    return float((labels[top] == 1).mean())


TOP_DECILE = Metric(
    "top_decile", hit_rate_of_top_decile, greater_is_better=True, problems=("binary",)
)

# Orders the leaderboard, decides at the gate, and is monitored. Name one if you like, e.g.
# `METRIC = roc_auc`. A trial of champion and challenger needs a mean over rows: with roc_auc or a
# metric of your own it compares the log loss.
METRIC = MetricByProblem(binary=log_loss, multiclass=log_loss, regression=rmse)

# On the leaderboard and the model card as well, and in MLflow.
REPORTED = [log_loss, brier, roc_auc, accuracy, TOP_DECILE, rmse, mae]
