"""The labelled part of the prediction log as a source."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise

import pyarrow as pa

from ...contract import Contract
from ...contract._arrow import table_columns
from ...prediction_log import LoggedRow, PredictionLog
from ...prediction_log._sampling import KEY_BITS, sampling_key
from .values import to_array

ADDRESS = "prediction log"
_BLOCK_ROWS = 20_000
# If there are this many times the wanted rows, it is faster to query these alone.
_MANY = 4


@dataclass(frozen=True)
class LabelledLog:
    """The labelled rows of a log as a source.

    Attributes:
        limit: about so many rows are read; of more, a uniform sample that is the same each time.
        part_rows: about so many of a sample are held at once; where rows are dense, more.
    """

    log: PredictionLog
    address: str = ADDRESS
    limit: int | None = None
    part_rows: int = 10_000

    def available(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """How many rows there are to read, the limit left aside."""
        return self.log.count(since, _known(contract, until)).labels

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        """Rows whose outcome is known, in the order of event time.

        Args:
            contract: names the columns and says how long a label may take.
            since: leave out events of before.
            until: the moment as of which is read. Events that are not older than
                `label_horizon` then are left out: labels that come early are no fair sample.
        """
        rows = self._rows(since, _known(contract, until))
        names = [column.name for column in table_columns(contract)]
        target = contract.target.name
        yield pa.table({name: pa.nulls(0) for name in names})
        while block := list(islice(rows, _BLOCK_ROWS)):
            yield pa.table({name: to_array(_values(block, name, target)) for name in names})

    def _rows(self, since: datetime | None, until: datetime | None) -> Iterator[LoggedRow]:
        available = self.log.count(since, until).labels
        rows = self.log.rows(since, until, labelled=True)
        if self.limit is None or available <= self.limit:
            return rows
        below = (self.limit << KEY_BITS) // available
        if until is None or available < _MANY * self.limit:
            return (row for row in rows if _key(row) < below)
        begin = since or next(rows).record.event_time
        return self._drawn(begin, until, below, parts=-(-self.limit // self.part_rows))

    def _drawn(
        self, since: datetime, until: datetime, below: int, *, parts: int
    ) -> Iterator[LoggedRow]:
        """The same rows without reading the others: those with the smallest keys, part by part."""
        edges = [since + number * (until - since) / parts for number in range(parts)]
        for start, stop in pairwise([*edges, until]):
            asked = self.part_rows + self.part_rows // 4
            while True:
                sampled = self.log.sample(start, stop, asked, labelled=True)
                below_limit = [row for row in sampled if _key(row) < below]
                if len(below_limit) < len(sampled) or len(sampled) < asked:
                    break
                asked *= 2
            yield from sorted(below_limit, key=lambda row: row.record.event_time)


def _known(contract: Contract, until: datetime | None) -> datetime | None:
    return None if until is None else until - contract.label_horizon


def _key(row: LoggedRow) -> int:
    return sampling_key(row.record.prediction_id)


def _values(block: list[LoggedRow], name: str, target: str) -> list[object]:
    if name == target:
        return [None if row.label is None else row.label.label for row in block]
    return [row.record.columns.get(name) for row in block]
