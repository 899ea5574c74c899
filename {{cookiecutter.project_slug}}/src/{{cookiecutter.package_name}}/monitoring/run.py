"""One run of monitoring: a window of the log against the champion's held-out rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ..bundle import Bundle
from ..clock import Clock
from ..contract import Contract
from ..contract.check import Checked
from ..errors import InputError
from ..prediction_log import LoggedRow, PredictionLog
from ..settings import Settings
from ..verdict import Verdict, leave_verdict
from .drift import find_drift
from .findings import Finding, Monitoring, Window
from .performance import find_performance
from .quality import Traffic, find_quality, find_traffic, newest_of
from .report import write_report
from .samples import Sample, check_window, reference_sample, window_sample

REPORTS = Path("var/reports")


def monitor(
    settings: Settings,
    contract: Contract,
    *,
    log: PredictionLog,
    bundle: Bundle | None,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock,
) -> Monitoring:
    """Answer the three questions for a window, write the report, and leave the verdict.

    Args:
        settings: thresholds, the size of samples and windows.
        contract: what the data should be.
        log: the predictions and their labels.
        bundle: the champion; without one nothing is judged, and the answer says so.
        since: beginning of the window in event time, by default `monitoring.window` before its end.
        until: end of the window, excluded; by default now.
        clock: says what is old enough to have its label.

    Raises:
        InputError: if the window ends before it begins.
    """
    until = until or clock.now()
    since = since or until - settings.monitoring.window
    if since >= until:
        raise InputError(f"the window ends ({until}) before it begins ({since}): swap the two")
    rows = log.count(since, until).predictions
    if bundle is None:
        note = "there is no champion yet: train one, then there is something to compare with"
        return _unjudged(Window(since, until, rows, 0), note)
    if rows == 0 and log.totals().predictions == 0:
        note = "the prediction log is empty: start the service and send it something to predict"
        return _unjudged(Window(since, until, 0, 0), note)
    return _Run(settings, contract, log, bundle, clock).judge(since, until, rows)


def _unjudged(window: Window, note: str) -> Monitoring:
    return Monitoring(window, drift=False, quality=False, performance="unknown", notes=(note,))


@dataclass(frozen=True)
class _Run:
    """The collaborators of one run, and the questions put to them."""

    settings: Settings
    contract: Contract
    log: PredictionLog
    bundle: Bundle
    clock: Clock

    @cached_property
    def reference(self) -> Sample:
        limit = self.settings.monitoring.sample_rows
        return reference_sample(self.contract, self.bundle, limit, self.settings.seed)

    def judge(self, since: datetime, until: datetime, rows: int) -> Monitoring:
        logged = self.log.sample(since, until, self.settings.monitoring.sample_rows)
        checked = check_window(self.contract, logged)
        version = self.bundle.manifest.version
        window = window_sample(self.contract, logged, checked.columns, version)
        drift = find_drift(
            self.contract, self.settings.monitoring, reference=self.reference, window=window
        )
        quality = self._quality(since, until, rows, logged, checked)
        performance = find_performance(
            self.settings,
            self.contract,
            self.log,
            since=since,
            until=min(until, self.clock.now() - self.contract.label_horizon),
            version=version,
            reference=self.reference,
        )
        found = Monitoring(
            window=Window(since, until, rows, len(logged)),
            drift=drift.drifted,
            quality=bool(quality),
            performance=performance.answer,
            findings=(*performance.findings, *drift.findings, *quality),
            drift_scores=drift.scores,
            notes=(*performance.notes, *drift.notes),
            figures=performance.figures,
        )
        page = REPORTS / f"monitor-{since:%Y%m%dT%H%M}-{until:%Y%m%dT%H%M}.html"
        if drift.comparison is not None:
            found = replace(found, report=page.as_posix())
        write_report(drift.comparison, _told(found), self.settings.path(page))
        leave_verdict(self.settings.root, _verdict(found))
        return found

    def _quality(
        self,
        since: datetime,
        until: datetime,
        rows: int,
        logged: Sequence[LoggedRow],
        checked: Checked,
    ) -> list[Finding]:
        before = self.log.count(since - (until - since), since).predictions
        traffic = Traffic(since, until, rows, before, newest_of(logged))
        return find_traffic(traffic) + find_quality(
            self.contract,
            self.settings.monitoring.max_violation_share,
            reference=self.reference,
            checked=checked,
            bundle=self.bundle,
        )


def _told(found: Monitoring) -> dict[str, object]:
    extra = {"sentences": found.sentences(), "figures": dict(found.figures)}
    return {**found.to_json(), **extra}


def _verdict(found: Monitoring) -> Verdict:
    return Verdict(
        since=found.window.since.isoformat(),
        until=found.window.until.isoformat(),
        drift=found.drift,
        quality=found.quality,
        performance=found.performance,
        sentences=found.sentences(),
    )
