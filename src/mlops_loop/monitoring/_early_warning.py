"""Early warning: since which day the champion loses more than its probabilities say.

A daily loss moves with the inputs, since some days are harder than others. So the loss that the
model's own probabilities expect for the same rows is subtracted from it. The rest, the excess loss,
is watched in two parts (`_excess_loss`). For a regression the loss itself is watched.
"""

from datetime import UTC

import numpy as np

from ..contract import Contract
from ..contract._columns import Floats
from ..evaluation._formatting import format_metric
from ._daily_change import FEWEST_AFTER, FEWEST_BEFORE, THRESHOLD, Rise, largest_rise
from ._daily_losses import LOOK_BACK, DailyLosses, DailyLossReader, Days
from ._excess_loss import excess_losses
from ._findings import CheckResult, Finding
from ._window import MonitoringWindow

KIND = "early_warning"


def find_early_warning(
    window: MonitoringWindow, reader: DailyLossReader | None = None
) -> CheckResult:
    """The largest rise of the excess loss since the holdout, on complete days with labels.

    Args:
        window: its end, and the version.
        reader: reads the daily losses; one that is used again reads only the days since then.
    """
    until = window.mature_until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    metric, contract = window.metric.name, window.contract
    past, past_excess = _holdout(window, metric)
    live = (reader or DailyLossReader()).read(window, until)
    dates, values = live.means()
    history = np.concatenate([past_excess, values])
    needed = max(len(past_excess), FEWEST_BEFORE) + FEWEST_AFTER
    if len(history) < needed or not len(values):
        note = f"no early warning yet: {len(values)} days with labels (at least {FEWEST_AFTER})"
        return CheckResult(statuses={KIND: "unknown"}, notes=[note])
    margin = window.settings.monitoring.performance_margin
    if not contract.classes:
        margin *= float(history.mean())  # an error has a unit
    rises = [
        rise
        for signal in history.T
        if (rise := largest_rise(signal, margin, len(past_excess))) is not None
    ]
    labels = int(live.counts.sum())
    rise = max(rises, key=lambda each: each.score)
    onset = np.concatenate([past, dates])[rise.onset]
    text = _text(_name_of(metric, contract), rise, onset, margin, labels, len(history))
    if not rise.is_detected:
        return CheckResult(statuses={KIND: "ok"}, notes=[f"no early warning: {text}"])
    finding = Finding(
        KIND,
        f"early warning: {text}",
        statistic=metric,
        value=rise.after - rise.before,
        threshold=margin,
        rows=labels,
    )
    return CheckResult([finding], {KIND: "failed"})


def _holdout(window: MonitoringWindow, metric: str) -> tuple[Days, Floats]:
    """The latest days of the holdout; none without a time column or labels."""
    holdout, time = window.holdout, window.contract.time
    if holdout.labels is None or time is None:
        width = 1 if holdout.scores.ndim == 1 else 2
        return np.array([], dtype="datetime64[D]"), np.empty((0, width))
    days = holdout.columns[time.name].astype("datetime64[D]")
    is_recent = days >= days.max() - np.timedelta64(LOOK_BACK.days, "D")
    excess = excess_losses(metric, holdout.scores, holdout.labels, holdout.scores)
    return DailyLosses.of(days[is_recent], excess[is_recent]).means()


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
        f"errors beyond the margin of {format_metric(margin)} (alarm above {THRESHOLD}, by chance "
        "in about one of ten years where days are alike)"
    )
