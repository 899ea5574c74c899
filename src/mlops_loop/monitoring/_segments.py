"""The answers for each value of one column: `monitor --segment-by COLUMN`."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .._settings import Settings
from ..contract import Contract
from ..contract._column_definition import Column
from ..contract._columns import missing, to_json
from ..evaluation._metric import Metric
from ._drift import FEWEST_ROWS, find_drift
from ._monitoring_report import Answer, Segment
from ._performance_delta import PerformanceDelta
from ._performance_measure import measure
from ._samples import Sample
from ._slices import rows_with

MAX_SEGMENTS = 20


@dataclass(frozen=True)
class SegmentFinder:
    """Data to divide into segments: the window and its reference, labelled rows and the holdout.

    Attributes:
        labelled: rows of the window with their labels; None if there are too few.
    """

    settings: Settings
    contract: Contract
    metric: Metric
    column: Column
    reference: Sample
    window: Sample
    holdout: Sample
    labelled: Sample | None

    def find(self) -> tuple[Segment, ...]:
        """The commonest values with at least `FEWEST_ROWS` sampled rows, commonest first.

        Performance is measured for each segment alone, with the margin of the whole window and
        Bonferroni's correction for the number of segments.
        """
        values = self.window.columns[self.column.name]
        counts = Counter(values[~missing(values)].tolist()).most_common(MAX_SEGMENTS)
        common = [value for value, rows in counts if rows >= FEWEST_ROWS]
        return tuple(self._segment(value, len(common)) for value in common)

    def _segment(self, value: Any, n_comparisons: int) -> Segment:
        window = rows_with(self.window, self.column.name, value)
        before = rows_with(self.reference, self.column.name, value)
        drift = find_drift(
            self.contract,
            self.settings.monitoring,
            reference=before,
            window=window,
        )
        delta = self._measured(value, n_comparisons)
        return Segment(
            column=self.column.name,
            value=str(to_json(self.column, value)),
            rows=len(window),
            share=len(window) / len(self.window),
            share_before=len(before) / max(len(self.reference), 1),
            drifted=tuple(finding.column for finding in drift.findings if finding.column),
            performance=_answer(delta, self.settings.monitoring.performance_margin),
            metrics=delta.metrics() if delta else {},
        )

    def _measured(self, value: Any, n_comparisons: int) -> PerformanceDelta | None:
        if self.labelled is None or self.holdout.labels is None:
            return None
        labelled = rows_with(self.labelled, self.column.name, value)
        holdout = rows_with(self.holdout, self.column.name, value)
        if min(len(labelled), len(holdout)) < self.settings.gate.slice_rows:
            return None
        return measure(
            self.contract,
            self.metric,
            reference=holdout,
            window=labelled,
            seed=self.settings.seed,
            n_comparisons=n_comparisons,
        )


def _answer(delta: PerformanceDelta | None, margin: float) -> Answer:
    if delta is None:
        return "unknown"
    return "worse" if delta.is_worse(margin) else "ok"
