"""Drift of the inputs, by column and for the window."""

from collections.abc import Mapping
from dataclasses import dataclass

from .._settings import Monitoring as Thresholds
from ..contract import Contract
from ..contract._evidently_definition import compared_columns, is_number
from ..contract._outputs import PREDICTION
from ._column_comparison import ColumnComparison
from ._drift_alarm import DriftAlarm
from ._findings import Finding
from ._samples import Sample
from ._sampling_error import clusters_of, drift_alpha, fit_effects

# The threshold of a column allows for chance at few rows; with fewer, it finds next to nothing.
FEWEST_ROWS = 30

_DISTANCES = {
    "wasserstein": "Wasserstein distance",
    "jensen_shannon": "Jensen-Shannon distance",
}


@dataclass(frozen=True)
class Drift:
    """The result of the drift check.

    Attributes:
        is_alarm: whether the drift is an alarm, see `DriftAlarm`.
        comparisons: the compared columns, `prediction` last if there is one.
        alarm_by_chance: probability of an alarm without a drift (limit).
    """

    is_alarm: bool = False
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    comparisons: tuple[ColumnComparison, ...] = ()
    alarm_by_chance: float = 0.0

    @property
    def scores(self) -> dict[str, float]:
        """Distance by column, `prediction` included."""
        return {column.name: column.distance for column in self.comparisons}


def find_drift(
    contract: Contract,
    thresholds: Thresholds,
    *,
    reference: Sample,
    window: Sample,
    importances: Mapping[str, float] | None = None,
) -> Drift:
    """Compare a window with the reference.

    A drift of the prediction is a finding, but is not counted among the inputs.

    Args:
        contract: contract of the columns.
        thresholds: the settings of monitoring.
        reference: rows to compare with.
        window: rows of the window.
        importances: importance of the columns for the champion; all alike if it is not known.
    """
    rows = min(len(window), len(reference))
    if rows < FEWEST_ROWS:
        note = f"{rows} rows are too few to test for drift (at least {FEWEST_ROWS} needed)"
        return Drift(notes=(note,))
    everything = _comparisons(contract, thresholds.drift_threshold, reference, window)
    inputs = [column for column in everything if column.name != PREDICTION]
    empty = [column.name for column in inputs if not all(column.sizes)]
    notes = [f"{name} has no values on one side: not tested for drift" for name in empty]
    comparisons = [column for column in everything if all(column.sizes)]
    if len(empty) == len(inputs):
        return Drift(notes=(*notes, "no column to test for drift"))
    if comparisons[-1].name != PREDICTION:
        notes += ["the champion predicted none of these rows: its prediction is not compared"]
    clusters = clusters_of(contract, reference.columns, window.columns)
    fit_effects([column.series for column in comparisons], clusters)
    return _decide(comparisons, thresholds.drift_share, importances or {}, notes)


def _comparisons(
    contract: Contract, drift_threshold: float, reference: Sample, window: Sample
) -> list[ColumnComparison]:
    """The columns on both sides, the prediction last."""
    before, now = reference.columns, window.columns
    specs = [spec for spec in compared_columns(contract) if spec.name in before]
    sides = {spec.name: (before[spec.name], now[spec.name], is_number(spec)) for spec in specs}
    answers, numeric = reference.answers()
    sides[PREDICTION] = (answers, window.answers()[0], numeric)
    alpha = drift_alpha(len(specs))
    return [
        ColumnComparison(name, *values, drift_threshold, alpha) for name, values in sides.items()
    ]


def _decide(
    comparisons: list[ColumnComparison],
    drift_share: float,
    importances: Mapping[str, float],
    notes: list[str],
) -> Drift:
    inputs = [column for column in comparisons if column.name != PREDICTION]
    alarm = DriftAlarm.of(inputs, drift_share, importances)
    moved = sorted(alarm.drifted_columns, key=lambda column: -column.times_threshold)
    moved += [column for column in comparisons if column.name == PREDICTION and column.has_drifted]
    reasons = alarm.reasons()
    if moved and not reasons:
        notes = [*notes, alarm.absence()]
    return Drift(
        bool(reasons),
        (*reasons, *map(_finding, moved)),
        tuple(notes),
        tuple(comparisons),
        alarm.by_chance,
    )


def _finding(column: ColumnComparison) -> Finding:
    unit = " standard deviations" if column.statistic == "wasserstein" else ""
    text = (
        f"{column.name} drifted: {_DISTANCES[column.statistic]} {column.distance:.3f}{unit} "
        f"(threshold {column.threshold:.3f}, chance alone reaches {column.by_chance:.3f})"
    )
    return Finding(
        "drift",
        text,
        "warning",
        column.name,
        column.statistic,
        column.distance,
        column.threshold,
    )
