"""Builds the report of a replay from the prediction log and the audit log."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ..._project import Project
from ..._settings import Replay
from ...contract import Column
from ...evaluation._metrics import metrics_of
from ..version_timeline import Traces, rejected_spans, served_spans
from .month import MonthBuilder, PlayedMonth
from .report import Decision, ReplayReport

CHART_METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
IN_UNITS = ("rmse", "mae")
MOST_DRIFTED = 3
BOOKKEEPING = ("after", "attempt", "before", "features", "run_id", "version", "window")


def build_report(
    project: Project, played: Sequence[PlayedMonth], replay: Replay, *, page: Path
) -> ReplayReport:
    """The report of a replay: each month, the versions, and the decisions with their reasons."""
    held_out_from = replay.report_from
    metric = CHART_METRIC[project.contract.problem]
    traces: Traces = {}
    builder = MonthBuilder(
        project, held_out_from, page.parent, traces, _most_drifted(project, played)
    )
    months = tuple(builder.month(month) for month in played)
    return ReplayReport(
        title=f"{project.name}: the loop, month by month",
        metric=metric,
        greater_is_better=metrics_of(project.contract.problem)[metric].greater_is_better,
        months=months,
        versions=(*served_spans(project, traces, played[-1].until), *rejected_spans(project)),
        decisions=tuple(
            Decision(
                entry.time, entry.kind, entry.reason, _readable_details(entry.details), entry.actor
            )
            for entry in project.audit_log.completed()
        ),
        settings_note=_settings_note(held_out_from),
        rows_per_month=replay.rows_per_month,
        unit=(project.contract.target.unit or "") if metric in IN_UNITS else "",
        held_out_from=held_out_from if any(month.held_out for month in months) else None,
    )


def _settings_note(held_out_from: datetime | None) -> str:
    if held_out_from is None:
        return "The settings may have been chosen on these months: `replay.report_from` is not set."
    return f"All settings were chosen on the months before {held_out_from:%B %Y}."


def _most_drifted(project: Project, played: Sequence[PlayedMonth]) -> list[Column]:
    """The numeric columns that drifted most."""
    scores: Counter[str] = Counter()
    for month in played:
        scores.update(dict(month.monitoring.drift_scores) if month.monitoring else {})
    numeric = [column for column in project.contract.features if column.type == "number"]
    return sorted(numeric, key=lambda column: -scores[column.name])[:MOST_DRIFTED]


def _readable_details(details: Mapping[str, object]) -> dict[str, object]:
    """Details for the page, without addresses and digests."""
    return {name: value for name, value in details.items() if name not in BOOKKEEPING}
