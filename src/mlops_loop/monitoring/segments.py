"""The answers apart, for each value of one column: `monitor --segment-by COLUMN`."""

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..contract import Contract
from ..contract.columns import missing, to_json
from ..contract.model import Column
from ..evaluation.metrics import Metric
from ..settings import Settings
from .drift import FEWEST_ROWS, find_drift
from .findings import Answer, Segment
from .performance_delta import PerformanceDelta, measure
from .report import compare
from .samples import Sample
from .slices import rows_with

# Each one is compared by Evidently.
MAX_SEGMENTS = 20


@dataclass(frozen=True)
class Sides:
    """What is taken apart: the window and its reference, labelled rows and the holdout."""

    reference: Sample
    window: Sample
    holdout: Sample
    labelled: Sample | None


def find_segments(
    settings: Settings, contract: Contract, metric: Metric, column: Column, sides: Sides
) -> tuple[Segment, ...]:
    """The commonest values of the window with at least `FEWEST_ROWS` sampled rows, commonest first.

    Performance is asked of each part alone, with the margin of the whole and Bonferroni's
    correction for their number.
    """
    values = sides.window.columns[column.name]
    counts = Counter(values[~missing(values)].tolist()).most_common(MAX_SEGMENTS)
    kept = [value for value, rows in counts if rows >= FEWEST_ROWS]
    return tuple(
        _segment(settings, contract, metric, column, sides, one, len(kept)) for one in kept
    )


def _segment(
    settings: Settings,
    contract: Contract,
    metric: Metric,
    column: Column,
    sides: Sides,
    value: Any,
    n_comparisons: int,
) -> Segment:
    window = rows_with(sides.window, column.name, value)
    before = rows_with(sides.reference, column.name, value)
    found = find_drift(
        contract,
        settings.monitoring,
        reference=before,
        window=window,
        compare=partial(compare, page=False),
    )
    delta = _measured(settings, contract, metric, column, sides, value, n_comparisons)
    return Segment(
        column=column.name,
        value=str(to_json(column, value)),
        rows=len(window),
        share=len(window) / len(sides.window),
        share_before=len(before) / max(len(sides.reference), 1),
        drifted=tuple(one.column for one in found.findings if one.column),
        performance=_answer(delta, settings.monitoring.performance_margin),
        metrics=delta.metrics() if delta else {},
    )


def _measured(
    settings: Settings,
    contract: Contract,
    metric: Metric,
    column: Column,
    sides: Sides,
    value: Any,
    n_comparisons: int,
) -> PerformanceDelta | None:
    if sides.labelled is None or sides.holdout.labels is None:
        return None
    labelled = rows_with(sides.labelled, column.name, value)
    holdout = rows_with(sides.holdout, column.name, value)
    if min(len(labelled), len(holdout)) < settings.gate.slice_rows:
        return None
    return measure(
        contract,
        metric,
        reference=holdout,
        window=labelled,
        seed=settings.seed,
        n_comparisons=n_comparisons,
    )


def _answer(delta: PerformanceDelta | None, margin: float) -> Answer:
    if delta is None:
        return "unknown"
    return "worse" if delta.worsening.low > margin else "ok"
