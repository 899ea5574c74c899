"""The rows that callers will ask about, in the order of time, and the labels that follow them."""

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Contract
from ..contract.arrow import ARROW_TYPES, from_arrow, table_columns
from ..contract.columns import Columns, to_datetime64, to_rows
from ..contract.reading import read_table
from ..data.months import sample_months
from ..data.sources import Source, read_all
from ..data.validation import validate
from .client import ServiceClient

ROWS_PER_REQUEST = 250


class Stream:
    """Plays rows against a service; a label is sent once it would be known.

    Args:
        contract: names the time column, the target and how late labels come.
        columns: rows ordered by time, target included.
    """

    def __init__(self, contract: Contract, columns: Columns) -> None:
        assert contract.time is not None
        self._horizon = contract.label_horizon
        self._times = columns[contract.time.name]
        self._rows = to_rows(contract.inputs, columns)
        self._labels = [row[contract.target.name] for row in to_rows([contract.target], columns)]
        self._identities: list[str] = []
        self._labelled = 0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def sent(self) -> int:
        """Rows that were asked about so far."""
        return len(self._identities)

    def send(self, client: ServiceClient, until: datetime) -> int:
        """Ask about the rows before a moment, then send the labels known by then.

        Returns:
            How many rows were asked about.
        """
        begin, end = self.sent, self._position(until)
        for start in range(begin, end, ROWS_PER_REQUEST):
            answers = client.predict(self._rows[start : min(start + ROWS_PER_REQUEST, end)])
            self._identities += [answer["prediction_id"] for answer in answers]
        known = self._position(until - self._horizon)
        for start in range(self._labelled, known, ROWS_PER_REQUEST):
            stop = min(start + ROWS_PER_REQUEST, known)
            client.label([self._label(at) for at in range(start, stop)])
        self._labelled = max(self._labelled, known)
        return end - begin

    def _position(self, moment: datetime) -> int:
        return int(np.searchsorted(self._times, to_datetime64(moment)))

    def _label(self, at: int) -> dict[str, Any]:
        return {"prediction_id": self._identities[at], "label": self._labels[at]}


def read_stream(
    contract: Contract, source: Source, since: datetime, until: datetime, rows: int, seed: int
) -> Stream:
    """The good rows of a source in a window, at most `rows` of each month, as a stream."""
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
