"""One run of monitoring: a window of the log against the reference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from ..bundle import Bundle
from ..clock import Clock
from ..contract import Contract
from ..contract.check import Checked
from ..contract.model import Column
from ..errors import InputError
from ..evaluation.metrics import metric_named
from ..prediction_log import LoggedRow, PredictionLog
from ..settings import Settings
from .advice import advise
from .drift import Drift, find_drift
from .findings import Finding, Monitoring, Window
from .parts import Sides, find_parts, split_column
from .performance import Performance, find_performance
from .quality import Traffic, find_quality, find_traffic, newest_of
from .reference import find_reference
from .report import compare
from .samples import Sample, check_window, reference_sample, window_sample
from .verdicts import keep


@dataclass(frozen=True)
class Question:
    """What is asked about, besides the window.

    Attributes:
        page: whether Evidently draws its page; without it a verdict takes half the time.
        by: a column by whose values the answers are taken apart as well.
        only: leave out rows on which the version did not answer. The verdict is then about that
            version, and not left for the service.
    """

    page: bool = True
    by: str | None = None
    only: bool = False


def monitor(
    settings: Settings,
    contract: Contract,
    *,
    log: PredictionLog,
    bundle: Bundle | None,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock,
    question: Question = Question(),
) -> Monitoring:
    """Answer the three questions for a window, write the report, and leave the verdict.

    Args:
        settings: thresholds, the size of samples and windows, the reference.
        contract: what the data should be.
        log: the predictions and their labels.
        bundle: the champion; without one nothing is judged, and the answer says so.
        since: beginning of the window in event time, by default `monitoring.window` before its end.
        until: end of the window, excluded; by default now.
        clock: says what is old enough to have its label.
        question: what else is asked.

    Raises:
        InputError: if the window ends before it begins, or rows cannot be taken apart so.
    """
    until = until or clock.now()
    since = since or until - settings.monitoring.window
    if since >= until:
        raise InputError(f"the window ends ({until}) before it begins ({since}): swap the two")
    by = None if question.by is None else split_column(contract, question.by)
    only = bundle.manifest.version if bundle is not None and question.only else None
    rows = log.count(since, until, version=only).predictions
    if bundle is None:
        note = "there is no champion yet: train one, then there is something to compare with"
        return _unjudged(Window(since, until, rows, 0), note)
    if rows == 0 and log.totals().predictions == 0:
        note = "the prediction log is empty: start the service and send it something to predict"
        return _unjudged(Window(since, until, 0, 0), note)
    run = _Run(settings, contract, log, bundle, clock, question, Window(since, until, rows, 0))
    return run.judge(by)


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
    question: Question
    asked: Window

    @cached_property
    def holdout(self) -> Sample:
        limit = self.settings.monitoring.sample_rows
        return reference_sample(self.contract, self.bundle, limit, self.settings.seed)

    @property
    def version(self) -> str:
        return self.bundle.manifest.version

    def judge(self, by: Column | None) -> Monitoring:
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
            compare=partial(compare, page=self.question.page),
        )
        quality = self._quality(logged, checked, reference)
        performance = self._performance()
        found = self._answered(len(logged), drift, quality, performance)
        found = replace(found, notes=(*found.notes, *notes))
        if by is not None:
            sides = Sides(reference, window, self.holdout, performance.sample)
            metric = metric_named(self.settings.training.metric, self.contract.problem)
            parts = find_parts(self.settings, self.contract, metric, by, sides)
            found = replace(found, parts=parts)
        return keep(
            self.settings.root,
            found,
            drift.comparison,
            name=self._name(),
            page=self.question.page,
            last=not self.question.only,
        )

    def _logged(self) -> Sequence[LoggedRow]:
        limit = self.settings.monitoring.sample_rows
        asked = self.version if self.question.only else None
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
    ) -> Monitoring:
        rows = self.asked.rows
        labels = int(performance.figures.get("labels", 0))
        return Monitoring(
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
            figures=performance.figures,
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
        version = f"-version-{self.version}" if self.question.only else ""
        return f"monitor-{self.asked.since:%Y%m%dT%H%M}-{self.asked.until:%Y%m%dT%H%M}{version}"
