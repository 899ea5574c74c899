"""Does a column say the same in every row, although it did not in the reference?

A column may well be constant for a day: many days are dry. So what counts is how many of the
reference's days, or whatever rows belong together, were constant in that very value; the window
is constant by chance with that share to the power of its own days. Where that happens more rarely
than `BY_CHANCE` for all columns together, something stopped measuring.
"""

import math

import numpy as np

from ..contract import Contract
from ..contract.columns import Array, Columns, length, missing
from ..contract.evidently_definition import compared_columns
from ..evaluation.bootstrap import clusters

BY_CHANCE = 0.05
# Fewer rows than these may well be alike.
FEWEST_ROWS = 20


def constant_columns(contract: Contract, reference: Columns, window: Columns) -> list[str]:
    """Names of columns that became constant; those without any value are not among them."""
    if length(window) < FEWEST_ROWS or not length(reference):
        return []
    names = [spec.name for spec in compared_columns(contract) if spec.name in reference]
    parts, draws = clusters(contract, reference), len(np.unique(clusters(contract, window)))
    return [
        name
        for name in names
        if _chance(reference[name], window[name], parts, draws) < BY_CHANCE / len(names)
    ]


def _chance(reference: Array, window: Array, parts: Array, draws: int) -> float:
    """How likely so many parts of the reference, drawn anew, say what the window says."""
    known = window[~missing(window)]
    if not len(known) or (known != known[0]).any():
        return 1.0
    differs = ~missing(reference) & (reference != known[0])
    # What was never seen is not taken for impossible.
    constant = 1 - (len(np.unique(parts[differs])) + 0.5) / (len(np.unique(parts)) + 1)
    return math.pow(constant, draws)
