"""The period that a replay covers: that of the settings, or by default the end of the source."""

from datetime import UTC, datetime, timedelta

import numpy as np

from .._settings import Replay, Settings
from ..contract import Contract
from ..contract._casting import read_table
from ..data._sources import open_source
from ..errors import InputError

# By default a replay covers the second half of the rows, and no more than this.
LONGEST = timedelta(days=365)


def replay_period(settings: Settings, contract: Contract) -> Replay:
    """The section `replay` of the settings; by default the second half of the source's rows.

    Raises:
        InputError: if the contract has no time column, or all rows have the same time.
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
    since = max(middle, times[-1] - np.timedelta64(LONGEST))
    end = times[-1] + np.timedelta64(1, "us")
    return Replay(source=settings.source, since=_moment(since), until=_moment(end))


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
