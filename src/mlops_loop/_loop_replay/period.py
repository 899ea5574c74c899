"""The period that a replay covers: that of the settings, or by default the end of the source."""

from datetime import UTC, datetime, timedelta
from math import ceil

import numpy as np

from .._settings import Replay, Settings
from ..contract import Contract
from ..contract._casting import read_table
from ..data._sources import open_source
from ..errors import InputError

# By default a replay covers the second half of the rows, and no more than the longer of these.
LONGEST = timedelta(days=365)
LONGEST_WINDOWS = 12
# Rows of a month are sampled; a window then still has this many times `monitoring.min_labels`.
_LABELS = 2
_MONTH = timedelta(days=30)


def replay_period(settings: Settings, contract: Contract) -> Replay:
    """The section `replay` of the settings; by default the second half of the source's rows.

    Raises:
        InputError: if the contract has no time column, all rows have the same time, or the first
            model would need all of them.
        SourceError: if the source cannot be read.
    """
    if contract.time is None:
        raise InputError(
            "a replay needs event times, and config/contract.yaml has no column with role time: "
            "give a column of type datetime that role, or adopt the table with --time COLUMN"
        )
    if settings.replay is not None:
        return settings.replay
    times = _times(settings, contract)
    if not len(times) or times[0] == times[-1]:
        raise InputError(f"{settings.source} has no two rows of different times: nothing to replay")
    middle = times[max(len(times) // 2, int(np.searchsorted(times, times[0], "right")))]
    longest = np.timedelta64(max(LONGEST, LONGEST_WINDOWS * settings.monitoring.window))
    since = max(middle, _first_trained(times, settings, contract), times[-1] - longest)
    end = times[-1] + np.timedelta64(1, "us")
    return Replay(
        source=settings.source,
        since=_moment(since),
        until=_moment(end),
        rows_per_month=_rows_per_month(settings),
    )


def _first_trained(times: np.ndarray, settings: Settings, contract: Contract) -> np.datetime64:
    """When the first model can have been trained: labels of as many rows as are held out are known.

    Training rows of more than the label horizon, for folds with a gap of it; a gap before the
    held-out rows; and the horizon again until the labels of these are known.

    Raises:
        InputError: if that is after the last row.
    """
    needed = 3 * contract.label_horizon + 2 * settings.training.holdout
    first: np.datetime64 = times[0] + np.timedelta64(needed)
    if first >= times[-1]:
        days = int((times[-1] - times[0]) / np.timedelta64(1, "D"))
        raise InputError(
            f"{settings.source} covers {days} days, and a replay needs more than {needed.days} "
            "(3 times label_horizon and twice training.holdout): replay more rows, or lower one "
            "of these"
        )
    return first


def _rows_per_month(settings: Settings) -> int:
    window, labels = settings.monitoring.window, settings.monitoring.min_labels
    default: int = Replay.model_fields["rows_per_month"].default
    return max(default, ceil(_LABELS * labels * (_MONTH / window)))


def _times(settings: Settings, contract: Contract) -> np.ndarray:
    """The times of all rows, in order."""
    assert contract.time is not None
    source = open_source(settings.source, settings)
    columns = [
        read_table([contract.time], table).table[contract.time.name].drop_null().to_numpy()
        for table in source.tables(contract)
    ]
    return np.sort(np.concatenate(columns))


def _moment(time: np.datetime64) -> datetime:
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
