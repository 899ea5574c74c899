"""The three questions, put to a window that has something to tell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from ..bundle import Bundle
from ..clock import Clock
from ..contract import Contract
from ..contract.check import Checked
from ..contract.model import Column
from ..evaluation.metrics import metric_named
from ..prediction_log import LoggedRow, PredictionLog
from ..settings import Settings
from .advice import advise
from .drift import Drift, find_drift
from .findings import Finding, MonitoringReport, Window
from .options import MonitoringOptions
from .performance import Performance, find_performance
from .quality import Traffic, find_quality, find_traffic, newest_of
from .reference import find_reference
from .report import compare
from .report_files import save_report
from .samples import Sample, check_window, reference_sample, window_sample
from .segments import Sides, find_segments


@dataclass(frozen=True)
class MonitoringRun:
    """The collaborators of one run, and the questions put to them."""

    settings: Settings
    contract: Contract
    log: PredictionLog
    bundle: Bundle
    clock: Clock
    options: MonitoringOptions
    asked: Window

    @cached_property
    def holdout(self) -> Sample:
        limit = self.settings.monitoring.sample_rows
        return reference_sample(self.contract, self.bundle, limit, self.settings.seed)

    @property
    def version(self) -> str:
        return self.bundle.manifest.version

    def run(self, segment_by: Column | None) -> MonitoringReport:
        logged = self._logged()
        checked = check_window(self.contract, logged)
        window = window_sample(self.contract, logged, checked.columns, self.version)
        reference, notes = find_reference(
            self.settings, self.contract, self.log, self.holdout, self.version, self.asked
        )
        drift = find_drift(
            self.contract,
            self.settings.monitoring,
            reference=reference,
            window=window,
            compare=partial(compare, page=self.options.page),
        )
        quality = self._quality(logged, checked, reference)
        performance = self._performance()
        found = self._answered(len(logged), drift, quality, performance)
        found = replace(found, notes=(*found.notes, *notes))
        if segment_by is not None:
            sides = Sides(reference, window, self.holdout, performance.sample)
            metric = metric_named(self.settings.training.metric, self.contract.problem)
            segments = find_segments(self.settings, self.contract, metric, segment_by, sides)
            found = replace(found, segments=segments)
        return save_report(
            self.settings.root,
            found,
            drift.comparison,
            name=self._name(),
            page=self.options.page,
            last=not self.options.version_only,
        )

    def _logged(self) -> Sequence[LoggedRow]:
        limit = self.settings.monitoring.sample_rows
        asked = self.version if self.options.version_only else None
        return self.log.sample(self.asked.since, self.asked.until, limit, version=asked)

    def _performance(self) -> Performance:
        return find_performance(
            self.settings,
            self.contract,
            self.log,
            since=self.asked.since,
            until=min(self.asked.until, self.clock.now() - self.contract.label_horizon),
            version=self.version,
            reference=self.holdout,
        )

    def _answered(
        self, sampled: int, drift: Drift, quality: Sequence[Finding], performance: Performance
    ) -> MonitoringReport:
        rows = self.asked.rows
        labels = int(performance.metrics.get("labels", 0))
        return MonitoringReport(
            window=replace(self.asked, sampled=sampled),
            drift=drift.drifted,
            quality=bool(quality),
            performance=performance.answer,
            findings=(
                *(replace(one, rows=labels) for one in performance.findings),
                *(replace(one, rows=rows) for one in (*drift.findings, *quality)),
            ),
            drift_scores=drift.scores,
            notes=(*performance.notes, *drift.notes),
            metrics=performance.metrics,
            advice=advise(
                drift=drift.drifted, quality=bool(quality), performance=performance.answer
            ),
        )

    def _quality(
        self, logged: Sequence[LoggedRow], checked: Checked, reference: Sample
    ) -> list[Finding]:
        since, until = self.asked.since, self.asked.until
        # Whichever versions answer, the same traffic is expected.
        rows = self.log.count(since, until).predictions
        before = self.log.count(since - (until - since), since).predictions
        traffic = Traffic(since, until, rows, before, newest_of(logged))
        return find_traffic(traffic) + find_quality(
            self.contract,
            self.settings.monitoring.max_violation_share,
            reference=reference,
            checked=checked,
            bundle=self.bundle,
        )

    def _name(self) -> str:
        version = f"-version-{self.version}" if self.options.version_only else ""
        return f"monitor-{self.asked.since:%Y%m%dT%H%M}-{self.asked.until:%Y%m%dT%H%M}{version}"
