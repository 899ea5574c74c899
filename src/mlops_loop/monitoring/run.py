"""One run of monitoring: a window of the log against the reference."""

from datetime import datetime

from ..bundle import Bundle
from ..clock import Clock
from ..contract import Contract
from ..errors import InputError
from ..prediction_log import PredictionLog
from ..settings import Settings
from .findings import Monitoring, Window
from .question import EVERYTHING, Question, split_column

__all__ = ["Question", "monitor"]


def monitor(
    settings: Settings,
    contract: Contract,
    *,
    log: PredictionLog,
    bundle: Bundle | None,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock,
    question: Question = EVERYTHING,
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
    # What judges imports a good deal, which the answers above do without.
    from .judging import Judging

    window = Window(since, until, rows, 0)
    return Judging(settings, contract, log, bundle, clock, question, window).judge(by)


def _unjudged(window: Window, note: str) -> Monitoring:
    return Monitoring(window, drift=False, quality=False, performance="unknown", notes=(note,))
