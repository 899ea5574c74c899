"""Metrics, the comparison of models on held-out rows, and the rules of the gate.

The gate decides on held-out rows that no candidate was fitted, tuned or calibrated on. Differences
between two models are judged by a paired bootstrap (Efron & Tibshirani 1993, An Introduction to the
Bootstrap) that resamples days or groups instead of rows where the contract names a time or a group
column: rows of one day resemble each other (cluster bootstrap).
"""

from ._comparison import Comparison
from ._gate import GateRule
from ._gate_result import GateResult, GateRuleResult, SliceComparison
from ._interval import Interval
from ._metric import Metric, MetricByProblem
from ._metrics import accuracy, brier, log_loss, mae, rmse, roc_auc
from ._rules import BetterThanBaseline, MaxLatency, MaxSize, NotWorseThanChampion, Slices

__all__ = [
    "BetterThanBaseline",
    "Comparison",
    "GateResult",
    "GateRule",
    "GateRuleResult",
    "Interval",
    "MaxLatency",
    "MaxSize",
    "Metric",
    "MetricByProblem",
    "NotWorseThanChampion",
    "SliceComparison",
    "Slices",
    "accuracy",
    "brier",
    "log_loss",
    "mae",
    "rmse",
    "roc_auc",
]
