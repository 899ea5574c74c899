"""The labelled part of the prediction log: what the model was asked, and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import pyarrow as pa

from ...contract import Contract
from ...contract.arrow import table_columns
from ...prediction_log import LoggedRow, PredictionLog
from ...prediction_log.sampling import KEY_BITS, sampling_key

ADDRESS = "prediction log"
_BLOCK_ROWS = 20_000


@dataclass(frozen=True)
class LabelledLog:
    """The labelled rows of a log as a source.

    Attributes:
        limit: about so many rows are read; of more, a uniform sample that is the same each time.
    """

    log: PredictionLog
    address: str = ADDRESS
    limit: int | None = None

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
        rows = self.log.rows(since, _known(contract, until), labelled=True)
        available = self.available(contract, since=since, until=until)
        if self.limit is not None and available > self.limit:
            largest = (self.limit << KEY_BITS) // available
            rows = (row for row in rows if sampling_key(row.record.prediction_id) < largest)
        names = [column.name for column in table_columns(contract)]
        target = contract.target.name
        yield pa.table({name: pa.nulls(0) for name in names})
        while block := list(islice(rows, _BLOCK_ROWS)):
            yield pa.table({name: _array(_values(block, name, target)) for name in names})


def _known(contract: Contract, until: datetime | None) -> datetime | None:
    return None if until is None else until - contract.label_horizon


def _values(block: list[LoggedRow], name: str, target: str) -> list[object]:
    if name == target:
        return [None if row.label is None else row.label.label for row in block]
    return [row.record.columns.get(name) for row in block]


def _array(values: list[object]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # An older contract may have had another type: as text, the bad ones can be named.
        return pa.array([None if value is None else str(value) for value in values])
