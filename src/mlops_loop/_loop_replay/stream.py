"""Rows in order of time, and their labels, for the replay."""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._replay.traffic import ReplayRow, Traffic
from ..contract import Contract
from ..contract._arrow import ARROW_TYPES, from_arrow, table_columns
from ..contract._casting import read_table
from ..contract._columns import Columns, to_datetime64, to_rows
from ..data._months import sample_months
from ..data._sources import Source, read_all
from ..data._validation import validate

ROWS_PER_REQUEST = 250


class Stream:
    """Rows that are sent to the service up to a given time.

    Args:
        contract: names the time column and the target.
        columns: rows ordered by time, target included.
    """

    def __init__(self, contract: Contract, columns: Columns) -> None:
        assert contract.time is not None
        self._times = columns[contract.time.name]
        rows = to_rows(contract.inputs, columns)
        labels = [row[contract.target.name] for row in to_rows([contract.target], columns)]
        self._rows = list(map(ReplayRow, rows, labels, self._times))
        self.sent = 0

    def __len__(self) -> int:
        return len(self._rows)

    def send(self, traffic: Traffic, until: datetime) -> int:
        """Send the rows before a time, then the labels known by then.

        Returns:
            Number of rows sent.
        """
        moment = to_datetime64(until)
        begin, end = self.sent, int(np.searchsorted(self._times, moment))
        for start in range(begin, end, ROWS_PER_REQUEST):
            traffic.send_rows(self._rows[start : min(start + ROWS_PER_REQUEST, end)])
        self.sent = end
        traffic.send_labels(moment)
        return end - begin


def read_stream(
    contract: Contract, source: Source, since: datetime, until: datetime, rows: int, seed: int
) -> Stream:
    """The valid rows of a source in an interval, at most `rows` of each month."""
    assert contract.time is not None
    name = contract.time.name
    table = read_table(table_columns(contract), read_all(source, contract)).table
    keys = [column.name for column in (contract.time, contract.id) if column is not None]
    table = table.filter(pc.is_valid(table[name])).sort_by([(key, "ascending") for key in keys])
    table = table.take(sample_months(table[name].to_numpy(), rows, seed))
    first, end = (pa.scalar(moment, ARROW_TYPES["datetime"]) for moment in (since, until))
    times = table[name]
    table = table.filter(pc.and_(pc.greater_equal(times, first), pc.less(times, end)))
    table = table.filter(pa.array(validate(contract, table).accepted))
    return Stream(contract, from_arrow(contract, table))
