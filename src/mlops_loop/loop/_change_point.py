"""Change-point detection: when a change began.

The least-squares estimate of one shift in the mean: Bai, "Least squares estimation of a shift in
linear processes", Journal of Time Series Analysis 15 (1994). For several signals, their sums of
squares are added.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from ..contract import Contract
from ..contract._check import check_rows
from ..contract._columns import Array, Floats, missing
from ..monitoring import Finding
from ..prediction_log import LoggedRow, PredictionLog
from ._paired_loss import ModelPair
from ._row_loss import row_loss

_FEWEST_ROWS = 100
_CATEGORIES = 20
_EDGE = 0.05  # share of the rows at each end that is not searched


def detect_change_point(
    contract: Contract,
    log: PredictionLog,
    *,
    since: datetime,
    until: datetime,
    findings: Sequence[Finding],
    champion: str,
    limit: int,
) -> datetime | None:
    """The beginning (UTC) of the day on which the change began; None if there are too few rows.

    Args:
        contract: types and roles of the columns.
        log: rows are sampled from it.
        since: beginning of the interval.
        until: its end, excluded.
        findings: their columns are the signals; without columns, the champion's loss is.
        champion: the version with the findings.
        limit: maximum number of rows.
    """
    columns = {finding.column for finding in findings}
    names = {column.name for column in contract.inputs if column.name in columns}
    if names:
        rows = log.sample(since, until, limit)
    else:
        rows = log.sample(since, until, limit, labelled=True, version=champion)
    if len(rows) < _FEWEST_ROWS:
        return None
    rows.sort(key=lambda row: row.record.event_time)
    signals = _columns(contract, rows, names) if names else _losses(contract, rows, champion)
    moment = rows[least_squares_split(signals)].record.event_time
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def least_squares_split(signals: Floats) -> int:
    """The first row after the shift, by least squares.

    Args:
        signals: float64, shape (rows, signals), in order of time, without missing values.
    """
    rows = len(signals)
    edge = max(1, int(_EDGE * rows))
    before = np.arange(edge, rows - edge + 1)
    sums = np.cumsum(signals, axis=0)
    deviation = sums[before - 1] - before[:, None] / rows * sums[-1]
    gain = (deviation**2).sum(axis=1) * rows / (before * (rows - before))
    return int(before[gain.argmax()])


def _columns(contract: Contract, rows: Sequence[LoggedRow], names: set[str]) -> Floats:
    checked = check_rows(contract, [row.record.columns for row in rows])
    return np.column_stack([_signal(checked.columns[name]) for name in sorted(names)])


def _signal(values: Array) -> Floats:
    """Standardized numbers, one-hot categories, and indicators of missing values."""
    absent = missing(values)
    if values.dtype == object:
        common = [name for name, _ in Counter(values[~absent]).most_common(_CATEGORIES)]
        return np.column_stack([absent, *(values == name for name in common)]).astype(np.float64)
    numbers = np.where(absent, np.nan, values.astype(np.float64))
    if absent.all():
        return absent[:, None].astype(np.float64)
    spread = np.nanstd(numbers) or 1.0
    centred = np.where(absent, 0.0, (numbers - np.nanmean(numbers)) / spread)
    return np.column_stack([absent, centred])


def _losses(contract: Contract, rows: Sequence[LoggedRow], champion: str) -> Floats:
    loss = row_loss("brier" if contract.classes else "mae", contract.classes)
    pair = ModelPair(champion, champion, loss, contract.classes)
    return np.array(
        [[difference.champion_loss] for difference in pair.loss_differences(rows)], dtype=np.float64
    )
