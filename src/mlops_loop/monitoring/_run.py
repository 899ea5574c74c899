"""One run of monitoring: a window of the log against the reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from .._bundle import Bundle
from .._clock import Clock
from .._settings import Settings
from ..contract import Contract
from ..errors import InputError
from ..prediction_log import PredictionLog
from ._checks import DEFAULT_CHECKS, Check
from ._monitoring_report import MonitoringReport, Window
from ._options import DEFAULT_OPTIONS, MonitoringOptions, segment_column
from ._other_rows import describe_other_rows
from ._window import MonitoringWindow

NOTHING_TO_COMPARE = "there is no champion to compare with: run `train` first"


def monitor(
    settings: Settings,
    contract: Contract,
    *,
    log: PredictionLog,
    bundle: Bundle | None,
    reason: str = NOTHING_TO_COMPARE,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock,
    checks: Sequence[Check] = DEFAULT_CHECKS,
    options: MonitoringOptions = DEFAULT_OPTIONS,
) -> MonitoringReport:
    """Run the checks on a window, write the report, and publish the status to the service.

    Args:
        settings: thresholds, the size of samples and windows, the reference.
        contract: contract of the data.
        log: the predictions and their labels.
        bundle: the champion; without one nothing is checked.
        reason: why there is no champion, for the note that says so.
        since: beginning of the window in event time, by default `monitoring.window` before its end.
        until: end of the window, excluded; by default now.
        clock: says what is old enough to have its label.
        checks: the checks, run in this order.
        options: what else to report on, e.g. segments.

    Raises:
        InputError: if the window ends before it begins, or rows cannot be segmented like that.
    """
    until = until or clock.now()
    since = since or until - settings.monitoring.window
    if since >= until:
        raise InputError(f"the window ends ({until}) before it begins ({since}): swap the two")
    column = None if options.segment_by is None else segment_column(contract, options.segment_by)
    version_only = bundle.manifest.version if bundle is not None and options.version_only else None
    rows = log.count(since, until, version=version_only).predictions
    period = Window(since, until, rows, 0)
    others = log.other_schemas()
    left_out = [f"{others} predictions of another target or other inputs are left out"] * bool(
        others
    )
    if bundle is None:
        return _unchecked(period, reason, *left_out)
    if rows == 0 and log.totals().predictions == 0:
        empty = "the prediction log is empty: start the service and use it"
        return _unchecked(period, *(left_out or [empty]))
    # What runs the checks imports a good deal, which the answers above do without.
    from ._monitoring_run import run

    window = MonitoringWindow(settings, contract, log, bundle, clock, period, options)
    report = run(window, checks, column)
    elsewhere = [] if rows else describe_other_rows(log, version_only)
    return replace(report, notes=(*report.notes, *elsewhere, *left_out))


def _unchecked(period: Window, *notes: str) -> MonitoringReport:
    return MonitoringReport(period, notes=notes)
