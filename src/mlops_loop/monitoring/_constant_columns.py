"""Columns that became constant.

A column may be constant for a day by chance, e.g. precipitation. With the share of days (or groups)
of the reference that were constant in the same value, the window is constant by chance with this
share to the power of its number of days. If that is less likely than `alpha`, it is a finding.
"""

import math

import numpy as np

from ..contract import Contract
from ..contract._columns import Array, Columns, length, missing
from ..contract._evidently_definition import compared_columns
from ..evaluation._bootstrap import clusters

# Minimum number of rows.
FEWEST_ROWS = 20


def constant_columns(
    contract: Contract, reference: Columns, window: Columns, alpha: float
) -> list[str]:
    """Names of columns that became constant; those without any value are not among them."""
    if length(window) < FEWEST_ROWS or not length(reference):
        return []
    names = [spec.name for spec in compared_columns(contract) if spec.name in reference]
    parts, draws = clusters(contract, reference), len(np.unique(clusters(contract, window)))
    return [name for name in names if _chance(reference[name], window[name], parts, draws) < alpha]


def _chance(reference: Array, window: Array, parts: Array, draws: int) -> float:
    """Probability that as many clusters of the reference are constant in the window's value."""
    known = window[~missing(window)]
    if not len(known) or (known != known[0]).any():
        return 1.0
    differs = ~missing(reference) & (reference != known[0])
    # Not zero for a value that never was constant.
    constant = 1 - (len(np.unique(parts[differs])) + 0.5) / (len(np.unique(parts)) + 1)
    return math.pow(constant, draws)
