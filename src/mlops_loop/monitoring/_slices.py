"""Performance where a category, a boolean or the group has one value: a whole may hide its parts.

Slices are found and judged as the gate does it: with at least `gate.slice_rows` labelled rows on
both sides, `gate.slice_factor` times the margin, and Bonferroni's correction for their number. They
are parts of the samples that are there already, so they cost a few bootstraps and no query.
"""

from collections.abc import Sequence

import numpy as np

from .._settings import Settings
from ..contract import Contract
from ..evaluation._metric import Metric
from ..evaluation._slices import Slice, find_slices
from ._findings import Finding
from ._performance_measure import measure
from ._samples import Sample

Pairs = Sequence[tuple[Slice, Slice]]


def worse_slices(
    settings: Settings, contract: Contract, metric: Metric, *, reference: Sample, window: Sample
) -> list[Finding]:
    """A finding for each slice that surely went worse; a warning, as it is not the whole."""
    margin = settings.gate.slice_factor * settings.monitoring.performance_margin
    pairs = common_slices(contract, reference, window, settings.gate.slice_rows)
    slices = []
    for before, now in pairs:
        delta = measure(
            contract,
            metric,
            reference=reference.take(before.rows),
            window=window.take(now.rows),
            seed=settings.seed,
            n_comparisons=max(len(pairs), 2),
        )
        if delta is not None and delta.is_worse(margin):
            slices.append(delta.finding(margin, "warning", now.column, now.value))
    return slices


def common_slices(contract: Contract, reference: Sample, window: Sample, minimum: int) -> Pairs:
    """Slices with the minimum number of rows in both the reference and the window."""
    before = {slice_.name: slice_ for slice_ in find_slices(contract, reference.columns, minimum)}
    return [
        (before[slice_.name], slice_)
        for slice_ in find_slices(contract, window.columns, minimum)
        if slice_.name in before
    ]


def rows_with(sample: Sample, column: str, value: object) -> Sample:
    """The rows in which a column has a value."""
    return sample.take(np.flatnonzero(sample.columns[column] == value))
