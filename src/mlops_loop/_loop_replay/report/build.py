"""Builds the report of a replay from the prediction log and the audit log."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..._bundle import read_bundle
from ..._project import Project
from ..._settings import Replay
from ...contract import Column, Contract
from ...contract._check import check_rows
from ...contract._columns import Array, Columns, Floats
from ...evaluation._bootstrap import Resampling, clusters
from ...evaluation._champion import scores_of
from ...evaluation._interval import Interval
from ...evaluation._metrics import metrics_of
from ...evaluation._target import Labels, encode_target
from ...monitoring import MonitoringReport
from ...prediction_log import LoggedRow, Output
from ..version_timeline import Traces, follow, rejected_spans, served_spans
from .report import Decision, Month, ReplayReport

CHART_METRIC = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
IN_UNITS = ("rmse", "mae")
RESAMPLES = 200
CONFIDENCE = 0.95
MOST_DRIFTED = 3
MOST_SHARES = 5
BOOKKEEPING = ("after", "attempt", "before", "features", "run_id", "version", "window")


@dataclass(frozen=True)
class PlayedMonth:
    """One month of a replay: its window, and the monitoring report at its end."""

    since: datetime
    until: datetime
    rows: int
    monitoring: MonitoringReport | None

    def summary(self) -> str:
        monitoring = self.monitoring
        drift = "drift" if monitoring and monitoring.drift else "no drift"
        performance = monitoring.performance if monitoring else "unknown"
        return f"{self.since:%Y-%m}      {self.rows} rows, {drift}, performance {performance}"


def build_report(
    project: Project, played: Sequence[PlayedMonth], replay: Replay, *, page: Path
) -> ReplayReport:
    """The report of a replay: each month, the versions, and the decisions with their reasons."""
    held_out_from = replay.report_from
    metric = CHART_METRIC[project.contract.problem]
    traces: Traces = {}
    builder = _ReportBuilder(
        project, held_out_from, page.parent, traces, _most_drifted(project, played)
    )
    months = tuple(builder.month(month) for month in played)
    return ReplayReport(
        title=f"{project.settings.root.name}: the loop, month by month",
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


class _ReportBuilder:
    """Builds the months of the report; the first model predicts the same rows again."""

    def __init__(
        self,
        project: Project,
        held_out_from: datetime | None,
        folder: Path,
        traces: Traces,
        most_drifted: Sequence[Column],
    ) -> None:
        self._project = project
        self._contract = project.contract
        self._held_out_from = held_out_from
        self._folder = folder
        self._traces = traces
        self._most_drifted = most_drifted
        oldest = next(project.log.rows(None, None))
        version = _served(oldest).version
        self._first = project.load_predictor(read_bundle(project.bundles.fetch(version)))

    def month(self, month: PlayedMonth) -> Month:
        rows = list(self._project.log.rows(month.since, month.until))
        follow(self._traces, rows)
        labelled = [row for row in rows if row.label is not None]
        columns, labels = _columns(self._contract, labelled)
        resampling = Resampling(
            clusters(self._contract, columns), RESAMPLES, CONFIDENCE, self._project.settings.seed
        )
        monitoring = month.monitoring
        return Month(
            label=f"{month.since:%b}",
            since=month.since,
            until=month.until,
            held_out=self._held_out_from is not None and month.since >= self._held_out_from,
            rows=len(rows),
            labels=len(labelled),
            base_rate=float(labels.mean()) if self._contract.problem == "binary" else None,
            champion=self._measured(labels, _logged_scores(labelled), resampling),
            first=self._measured(labels, scores_of(self._first, columns), resampling),
            drift=self._drift(monitoring),
            drifted=bool(monitoring and monitoring.drift),
            performance=monitoring.performance if monitoring else "unknown",
            report=self._link(monitoring),
            context={
                **_outcomes(self._contract, labels),
                **{_titled(column): _mean(columns[column.name]) for column in self._most_drifted},
            },
            traffic=Counter(_served(row).version for row in rows),
        )

    def _measured(
        self, labels: Labels, scores: Floats, resampling: Resampling
    ) -> dict[str, Interval]:
        metrics = metrics_of(self._contract.problem)
        scorers = [metric.scorer(labels, scores) for metric in metrics.values()]
        draws = resampling.scores(scorers)
        everything = np.ones(len(labels))
        measured = {}
        for index, (name, scorer) in enumerate(zip(metrics, scorers, strict=True)):
            measured[name] = resampling.interval(scorer(everything), draws[:, index])
        return measured

    def _drift(self, monitoring: MonitoringReport | None) -> dict[str, float]:
        threshold = self._project.settings.monitoring.drift_threshold
        scores = monitoring.drift_scores if monitoring else {}
        return {name: score / threshold for name, score in scores.items()}

    def _link(self, monitoring: MonitoringReport | None) -> str | None:
        if monitoring is None or monitoring.report is None:
            return None
        return os.path.relpath(self._project.settings.path(monitoring.report), self._folder)


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


def _titled(column: Column) -> str:
    name = column.name.replace("_", " ")
    return f"{name}, mean {column.unit}" if column.unit else f"mean {name}"


def _outcomes(contract: Contract, labels: Labels) -> dict[str, float]:
    """The labels of a month: the mean, or the share of each of a few classes."""
    if not contract.classes:
        return {_titled(contract.target): _mean(labels)}
    if not 2 < len(contract.classes) <= MOST_SHARES:
        return {}
    counts = np.bincount(labels.astype(np.int64), minlength=len(contract.classes))
    shares = counts / max(len(labels), 1)
    names = (str(label).replace("_", " ") for label in contract.classes)
    return {f"{name}, share": float(share) for name, share in zip(names, shares, strict=True)}


def _mean(values: Array) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else 0.0


def _columns(contract: Contract, rows: Sequence[LoggedRow]) -> tuple[Columns, Labels]:
    columns = check_rows(contract, [row.record.columns for row in rows]).columns
    target = contract.target
    labels = [{target.name: row.label.label} for row in rows if row.label is not None]
    return columns, encode_target(contract, check_rows(contract, labels, [target]).columns)


def _logged_scores(rows: Sequence[LoggedRow]) -> Floats:
    outputs = [_served(row) for row in rows]
    return np.array(
        [output.probabilities or output.prediction for output in outputs], dtype=np.float64
    )


def _served(row: LoggedRow) -> Output:
    return next(output for output in row.record.outputs if output.served)


def _readable_details(details: Mapping[str, object]) -> dict[str, object]:
    """Details for the page, without addresses and digests."""
    return {name: value for name, value in details.items() if name not in BOOKKEEPING}
