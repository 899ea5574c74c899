"""One run of monitoring: a window of the log against the reference."""

from datetime import datetime

from ..bundle import Bundle
from ..clock import Clock
from ..contract import Contract
from ..errors import InputError
from ..prediction_log import PredictionLog
from ..settings import Settings
from .findings import MonitoringReport, Window
from .options import DEFAULT_OPTIONS, MonitoringOptions, split_column

__all__ = ["MonitoringOptions", "monitor"]


def monitor(
    settings: Settings,
    contract: Contract,
    *,
    log: PredictionLog,
    bundle: Bundle | None,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock,
    options: MonitoringOptions = DEFAULT_OPTIONS,
) -> MonitoringReport:
    """Answer the three questions for a window, write the report, and leave the verdict.

    Args:
        settings: thresholds, the size of samples and windows, the reference.
        contract: what the data should be.
        log: the predictions and their labels.
        bundle: the champion; without one nothing is judged, and the answer says so.
        since: beginning of the window in event time, by default `monitoring.window` before its end.
        until: end of the window, excluded; by default now.
        clock: says what is old enough to have its label.
        options: what else is asked.

    Raises:
        InputError: if the window ends before it begins, or rows cannot be taken apart so.
    """
    until = until or clock.now()
    since = since or until - settings.monitoring.window
    if since >= until:
        raise InputError(f"the window ends ({until}) before it begins ({since}): swap the two")
    segment_by = None if options.segment_by is None else split_column(contract, options.segment_by)
    version_only = bundle.manifest.version if bundle is not None and options.version_only else None
    rows = log.count(since, until, version=version_only).predictions
    if bundle is None:
        note = "there is no champion yet: train one, then there is something to compare with"
        return _without_model(Window(since, until, rows, 0), note)
    if rows == 0 and log.totals().predictions == 0:
        note = "the prediction log is empty: start the service and send it something to predict"
        return _without_model(Window(since, until, 0, 0), note)
    # What judges imports a good deal, which the answers above do without.
    from .monitoring_run import MonitoringRun

    window = Window(since, until, rows, 0)
    return MonitoringRun(settings, contract, log, bundle, clock, options, window).run(segment_by)


def _without_model(window: Window, note: str) -> MonitoringReport:
    return MonitoringReport(
        window, drift=False, quality=False, performance="unknown", notes=(note,)
    )
