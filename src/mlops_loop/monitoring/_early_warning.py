"""Early warning: since which day the champion loses more than its probabilities say.

A daily loss moves with the inputs, since some days are harder than others. So the loss that the
model's own probabilities expect for the same rows is subtracted from it. The rest, the excess loss,
is watched in two parts: as it is, which rises when a class becomes more frequent than predicted,
and without the part that the shares of the classes explain, which rises when the inputs no longer
tell the classes apart. For a regression the loss itself is watched.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._calibration import SMALLEST
from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._formatting import format_metric
from ..evaluation._target import Labels
from ..prediction_log import LoggedRow
from ._daily_change import FEWEST_AFTER, FEWEST_BEFORE, THRESHOLD, Rise, largest_rise
from ._findings import CheckResult, Finding
from ._samples import output_of
from ._window import MonitoringWindow

KIND = "early_warning"
LOOK_BACK = timedelta(days=90)
_FEWEST_ROWS = 5  # of a day
_SAMPLES = 3  # days are read in this multiple of `monitoring.sample_rows`

Days = NDArray[Any]


def find_early_warning(window: MonitoringWindow) -> CheckResult:
    """The largest rise of the excess loss since the holdout, on complete days with labels."""
    until = window.mature_until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    limit = _SAMPLES * window.settings.monitoring.sample_rows
    rows = window.log.sample(until - LOOK_BACK, until, limit, labelled=True, version=window.version)
    metric, contract = window.metric.name, window.contract
    days, scores, labels = _logged(contract, rows, window.version)
    past, past_excess = _holdout(window, metric, until)
    dates, values = _daily(days, excess_losses(metric, scores, labels))
    history = np.concatenate([past_excess, values])
    needed = max(len(past_excess), FEWEST_BEFORE) + FEWEST_AFTER
    if len(history) < needed or not len(values):
        note = f"no early warning yet: {len(values)} days with labels (at least {FEWEST_AFTER})"
        return CheckResult(statuses={KIND: "unknown"}, notes=[note])
    margin = window.settings.monitoring.performance_margin
    rises = [
        rise
        for signal in history.T
        if (rise := largest_rise(signal, margin, len(past_excess))) is not None
    ]
    rise = max(rises, key=lambda each: each.score)
    onset = np.concatenate([past, dates])[rise.onset]
    text = _text(_name_of(metric, contract), rise, onset, margin, len(labels), len(history))
    if not rise.is_detected:
        return CheckResult(statuses={KIND: "ok"}, notes=[f"no early warning: {text}"])
    finding = Finding(
        KIND,
        f"early warning: {text}",
        statistic=metric,
        value=rise.after - rise.before,
        threshold=margin,
        rows=len(labels),
    )
    return CheckResult([finding], {KIND: "failed"})


def excess_losses(metric: str, scores: Floats, labels: Labels) -> Floats:
    """Loss less expected loss of each row, shape (rows, parts); see the module.

    Args:
        metric: log_loss, brier, accuracy, rmse or mae; the log loss or rmse stands in for others.
        scores: probabilities of shape (rows, classes), or values of shape (rows,).
        labels: class codes or values.
    """
    if scores.ndim == 1:
        errors = np.abs(scores - labels)
        return np.asarray((errors if metric == "mae" else errors**2)[:, None])
    surprise = np.eye(scores.shape[1])[labels.astype(np.intp)] - scores
    losses = _losses_by_class(metric, scores)
    centred = losses - losses.mean(axis=0) if len(losses) else losses
    return np.stack([(surprise * losses).sum(axis=1), (surprise * centred).sum(axis=1)], axis=1)


def _losses_by_class(metric: str, scores: Floats) -> Floats:
    """The loss of each row if the label were each class, up to a constant of the row."""
    if metric == "brier":
        factor = 2.0 if scores.shape[1] > 2 else 1.0  # of two classes one counts
        return np.asarray(-factor * scores)
    if metric == "accuracy":
        return np.asarray(-np.eye(scores.shape[1])[scores.argmax(axis=1)])
    return np.asarray(-np.log(np.clip(scores, SMALLEST, 1.0)))


def _logged(contract: Contract, rows: list[LoggedRow], version: str) -> tuple[Days, Floats, Labels]:
    """Days, scores and labels of rows that the version predicted and whose label is valid."""
    codes: Mapping[object, int] = {value: code for code, value in enumerate(contract.classes)}
    days: list[datetime] = []
    scores: list[object] = []
    labels: list[float] = []
    for row in rows:
        output, label = output_of(row, version), row.label.label if row.label else None
        if output is None or (label not in codes if codes else not isinstance(label, int | float)):
            continue
        days.append(row.record.event_time.astimezone(UTC).replace(tzinfo=None))
        scores.append(output.probabilities if codes else output.prediction)
        labels.append(codes[label] if codes else float(label))  # type: ignore[arg-type]
    shape = (len(days), len(codes)) if codes else (len(days),)
    return (
        np.array(days, dtype="datetime64[D]"),
        np.array(scores, dtype=np.float64).reshape(shape),
        np.array(labels, dtype=np.float64),
    )


def _holdout(window: MonitoringWindow, metric: str, until: datetime) -> tuple[Days, Floats]:
    """The latest days of the holdout; none without a time column or labels."""
    holdout, time = window.holdout, window.contract.time
    if holdout.labels is None or time is None:
        width = 1 if holdout.scores.ndim == 1 else 2
        return np.array([], dtype="datetime64[D]"), np.empty((0, width))
    days = holdout.columns[time.name].astype("datetime64[D]")
    is_recent = days >= days.max() - np.timedelta64(LOOK_BACK.days, "D")
    excess = excess_losses(metric, holdout.scores, holdout.labels)
    return _daily(days[is_recent], excess[is_recent])


def _daily(days: Days, values: Floats) -> tuple[Days, Floats]:
    """The days with enough rows, in order, and the means of their rows."""
    dates, inverse, counts = np.unique(days, return_inverse=True, return_counts=True)
    sums = np.zeros((len(dates), values.shape[1]))
    np.add.at(sums, inverse, values)
    enough = counts >= _FEWEST_ROWS
    return dates[enough], sums[enough] / counts[enough, None]


def _name_of(metric: str, contract: Contract) -> str:
    if not contract.classes:
        return "absolute error" if metric == "mae" else "squared error"
    names = {"brier": "Brier score", "accuracy": "error rate"}
    return f"{names.get(metric, 'log loss')} beyond what the model expects"


def _text(
    name: str, rise: Rise, onset: np.datetime64, margin: float, labels: int, days: int
) -> str:
    gain, width = rise.after - rise.before, 1.96 * rise.error
    return (
        f"the largest rise of the {name} is {format_metric(gain)} "
        f"[{format_metric(gain - width)}, {format_metric(gain + width)}] since {onset}, on "
        f"{labels} labelled rows, {days} days with the holdout's; {rise.score:.1f} standard "
        f"errors beyond the margin of {format_metric(margin)} (alarm above {THRESHOLD:g}, by chance "
        "in about one of ten years where days are alike)"
    )
