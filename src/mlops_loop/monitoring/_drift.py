"""Drift of the inputs, by column and for the window."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .._settings import Monitoring as Thresholds
from ..contract import Contract
from ..contract._evidently_definition import compared_columns, is_number
from ..contract._outputs import PREDICTION
from ._column_comparison import ColumnComparison
from ._findings import Finding
from ._report import EvidentlyResult, run_evidently
from ._samples import Sample

# The threshold of a column allows for chance at few rows; with fewer, it finds next to nothing.
FEWEST_ROWS = 30
# Probability of a finding without a drift, for all columns together.
BY_CHANCE = 0.05

_DISTANCES = {
    "wasserstein": "Wasserstein distance",
    "jensen_shannon": "Jensen-Shannon distance",
}

Compare = Callable[..., EvidentlyResult]


@dataclass(frozen=True)
class Drift:
    """The result of the drift check.

    Attributes:
        drifted: whether the share of drifted columns reaches `monitoring.drift_share`.
        scores: distance by column, `prediction` included.
        evidently: Evidently's result; None if nothing could be compared.
    """

    drifted: bool = False
    findings: tuple[Finding, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evidently: EvidentlyResult | None = None


def find_drift(
    contract: Contract,
    thresholds: Thresholds,
    *,
    reference: Sample,
    window: Sample,
    compare: Compare = run_evidently,
) -> Drift:
    """Compare a window with the reference; `compare` measures, as `run_evidently` does.

    A drift of the prediction is a finding, but does not count in the share of drifted inputs.
    """
    rows = min(len(window), len(reference))
    if rows < FEWEST_ROWS:
        return Drift(
            notes=(f"{rows} rows are too few to test for drift (at least {FEWEST_ROWS} needed)",)
        )
    base_threshold = thresholds.drift_threshold
    before, now = reference.columns, window.columns
    specs = [spec for spec in compared_columns(contract) if spec.name in before]
    alpha = BY_CHANCE / (len(specs) + 1)
    comparisons = [
        ColumnComparison(
            column.name,
            before[column.name],
            now[column.name],
            is_number(column),
            base_threshold,
            alpha,
        )
        for column in specs
    ]
    empty = [column.name for column in comparisons if not all(column.sizes)]
    notes = tuple(f"{name} has no values on one side: not tested for drift" for name in empty)
    comparisons = [column for column in comparisons if column.name not in empty]
    if not comparisons:
        return Drift(notes=(*notes, "no column to test for drift"))
    answered = _prediction(reference, window, base_threshold, alpha)
    prediction = answered if all(answered.sizes) else None
    if prediction is None:
        notes += ("the champion predicted none of these rows: its prediction is not compared",)
    everything = [*comparisons, *([] if prediction is None else [prediction])]
    evidently = compare(contract, comparisons, prediction, drift_share=thresholds.drift_share)
    return _judged(thresholds, everything, evidently, notes)


def _prediction(
    reference: Sample, window: Sample, base_threshold: float, alpha: float
) -> ColumnComparison:
    before, numeric = reference.answers()
    return ColumnComparison(PREDICTION, before, window.answers()[0], numeric, base_threshold, alpha)


def _judged(
    thresholds: Thresholds,
    comparisons: list[ColumnComparison],
    evidently: EvidentlyResult,
    notes: tuple[str, ...],
) -> Drift:
    scores = evidently.distances
    inputs = [column for column in comparisons if column.name != PREDICTION]
    moved = [column for column in inputs if scores[column.name] >= column.threshold]
    share = len(moved) / len(inputs)
    drifted = share >= thresholds.drift_share
    moved.sort(
        key=lambda column: scores[column.name] / column.threshold,
        reverse=True,
    )
    findings = [_finding(column, scores[column.name]) for column in moved]
    findings += [
        _finding(column, scores[PREDICTION])
        for column in comparisons
        if column.name == PREDICTION and scores[PREDICTION] >= column.threshold
    ]
    if drifted:
        limit = thresholds.drift_share
        text = f"{share:.0%} of the columns drifted (limit {limit:.0%})"
        whole = Finding("drift", text, "critical", None, "drifted_share", share, limit)
        findings.insert(0, whole)
    return Drift(drifted, tuple(findings), scores, notes, evidently)


def _finding(column: ColumnComparison, score: float) -> Finding:
    unit = " standard deviations" if column.numeric else ""
    text = (
        f"{column.name} drifted: {_DISTANCES[column.statistic]} {score:.3f}{unit} "
        f"(threshold {column.threshold:.3f})"
    )
    return Finding(
        "drift",
        text,
        "warning",
        column.name,
        column.statistic,
        score,
        column.threshold,
    )
