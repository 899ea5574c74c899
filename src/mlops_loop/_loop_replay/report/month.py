"""The months of a replay, and what the report says of each."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..._bundle import read_bundle
from ..._project import Project
from ...contract import Column
from ...contract._columns import Floats
from ...evaluation._bootstrap import Resampling, clusters
from ...evaluation._champion_predictions import scores_of
from ...evaluation._interval import Interval
from ...evaluation._metrics import metrics_of
from ...evaluation._scores import score_all
from ...evaluation._target import Labels
from ...monitoring import MonitoringReport
from ..version_timeline import Traces, follow
from .logged_rows import columns_and_labels, logged_scores, mean, outcomes, served, titled
from .report import Month

RESAMPLES = 200
CONFIDENCE = 0.95


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


class MonthBuilder:
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
        version = served(oldest).version
        self._first = project.load_predictor(read_bundle(project.bundles.fetch(version)))

    def month(self, month: PlayedMonth) -> Month:
        rows = list(self._project.log.rows(month.since, month.until))
        follow(self._traces, rows)
        labelled = [row for row in rows if row.label is not None]
        columns, labels = columns_and_labels(self._contract, labelled)
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
            champion=self._measured(labels, logged_scores(labelled), resampling),
            first=self._measured(labels, scores_of(self._first, columns), resampling),
            drift=self._drift(monitoring),
            drifted=bool(monitoring and monitoring.drift),
            performance=monitoring.performance if monitoring else "unknown",
            report=self._link(monitoring),
            context={
                **outcomes(self._contract, labels),
                **{titled(column): mean(columns[column.name]) for column in self._most_drifted},
            },
            traffic=Counter(served(row).version for row in rows),
        )

    def _measured(
        self, labels: Labels, scores: Floats, resampling: Resampling
    ) -> dict[str, Interval]:
        metrics = metrics_of(self._contract.problem)
        measured = score_all(metrics, labels, scores, resampling)
        return {score.name: score.interval for score in measured}

    def _drift(self, monitoring: MonitoringReport | None) -> dict[str, float]:
        if monitoring is None:
            return {}
        thresholds = monitoring.drift_thresholds
        return {name: score / thresholds[name] for name, score in monitoring.drift_scores.items()}

    def _link(self, monitoring: MonitoringReport | None) -> str | None:
        if monitoring is None or monitoring.report is None:
            return None
        return os.path.relpath(self._project.settings.path(monitoring.report), self._folder)
