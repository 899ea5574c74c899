"""Comparison of two models on slices of the held-out rows: values of a category, groups.

With more slices it gets more likely that one of them looks bad by chance. The confidence of each
interval is therefore adjusted by the Bonferroni correction (Dunn, "Multiple Comparisons Among
Means", JASA 56, 1961). A few hundred resamples do not reach such quantiles, so that the bootstrap
estimates a standard error, and the quantiles are those of Student's t distribution. A slice is
resampled by itself: a group is one cluster, whose rows are drawn one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..contract._column_definition import Column
from ..contract._columns import Columns, Floats, length, missing, to_json
from ..contract._model import Contract
from ._bootstrap import Resampling
from ._gate_result import SliceComparison
from ._interval import Interval
from ._metric import Metric
from ._target import Labels

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Slice:
    """The rows in which a column has one value; `rows` are positions."""

    column: str
    value: str
    rows: Index

    @property
    def name(self) -> str:
        return f"{self.column} = {self.value}"


def find_slices(contract: Contract, columns: Columns, minimum: int) -> tuple[Slice, ...]:
    """Every value of a category, a boolean or the group that has at least `minimum` rows."""
    kinds = ("category", "boolean")
    sliced = [
        column
        for column in contract.columns
        if column.role == "group" or (column.role == "feature" and column.type in kinds)
    ]
    return tuple(one for column in sliced for one in _values(column, columns, minimum))


def _values(column: Column, columns: Columns, minimum: int) -> list[Slice]:
    values = columns[column.name]
    present = np.flatnonzero(~missing(values))
    found, inverse = np.unique(values[present], return_inverse=True)
    parts = [present[inverse == code] for code in range(len(found))]
    return [
        Slice(column.name, str(to_json(column, value)), rows)
        for value, rows in zip(found, parts, strict=True)
        if minimum <= len(rows) < length(columns)
    ]


def compare_slices(
    slices: Sequence[Slice],
    labels: Labels,
    models: tuple[Floats, Floats],
    metric: Metric,
    resampling: Resampling,
    margin: float,
) -> tuple[SliceComparison, ...]:
    """Compare a model with its rival on each slice.

    Args:
        slices: parts of the rows.
        labels: class codes or values, shape (rows,).
        models: predictions of the model and of its rival.
        metric: the metric to compare.
        resampling: resampling of all rows.
        margin: a slice fails if the model is significantly worse by more, in units of the metric.
    """
    if not slices:
        return ()
    from scipy.stats import t as student  # takes half a second to import

    tail = (1 - resampling.confidence) / len(slices)

    def compare(part: Slice) -> SliceComparison:
        scorers = [metric.scorer(labels[part.rows], predicted[part.rows]) for predicted in models]
        own, rival = (scorer(np.ones(len(part.rows))) for scorer in scorers)
        resampled = resampling.of(part.rows)
        draws, freedom = resampled.scores(scorers), resampled.degrees_of_freedom
        error = float(np.std(draws[:, 0] - draws[:, 1])) * (1 + 1 / freedom) ** 0.5
        value, width = metric.direction * (own - rival), float(student.isf(tail, freedom)) * error
        gain = Interval(value, value - width, value + width)
        return SliceComparison(part.name, len(part.rows), gain, gain.high < -margin)

    return tuple(map(compare, slices))
