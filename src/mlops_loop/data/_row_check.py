"""Validation of one raw table of a source, separating accepted from rejected rows."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._arrow import ARROW_TYPES, numbers, table_columns
from ..contract._casting import missing_columns, read_table
from ..contract._column_definition import Action
from ..errors import SourceError
from ._quarantine import quarantine_rows
from ._sources.malformed import MalformedRows
from ._sources.types import plain_table
from ._validation import Validated, validate

# Pandera has a fixed cost for each table.
BATCH_ROWS = 1 << 17


@dataclass
class RowCounts:
    """Numbers of the rows that were checked so far.

    Attributes:
        read: rows read.
        rows: those within the interval.
        names: columns that any table with rows had.
        messages: number of rows by message, for each action.
    """

    read: int = 0
    rows: int = 0
    names: set[str] = field(default_factory=set)
    messages: dict[Action, Counter[str]] = field(
        default_factory=lambda: {"reject": Counter(), "warn": Counter()}
    )

    def add(self, other: "RowCounts") -> None:
        self.read += other.read
        self.rows += other.rows
        self.names |= other.names
        for action, counted in other.messages.items():
            self.messages[action].update(counted)


@dataclass
class CheckedTable:
    """Rows of one raw table: accepted ones in the contract's types, rejected ones as texts."""

    counts: RowCounts
    accepted: pa.Table | None = None
    rejected: pa.Table | None = None


@dataclass(frozen=True)
class RowCheck:
    """Checks the raw tables of one source.

    Attributes:
        address: of the source, for messages.
        since: the first event time; earlier rows are left out.
        until: end of the event times, excluded.
    """

    contract: Contract
    address: str
    since: datetime | None = None
    until: datetime | None = None

    def check(self, raw: pa.Table, offset: int) -> CheckedTable:
        """Check a table whose first row is at `offset` of the source.

        Raises:
            SourceError: if it lacks a column.
        """
        malformed = MalformedRows.of(raw)
        if malformed is not None:
            return _set_aside(malformed, offset)
        raw = plain_table(raw)
        checked = CheckedTable(RowCounts(raw.num_rows))
        if raw.num_rows:
            checked.counts.names.update(raw.column_names)
        absent = missing_columns(table_columns(self.contract), raw.column_names)
        if absent:
            raise SourceError(
                f"{self.address}: missing columns {', '.join(absent)}: see config/contract.yaml"
            )
        in_window = self._in_window(raw)
        positions = np.flatnonzero(in_window) + offset
        checked.counts.rows = len(positions)
        if len(positions):
            raw = raw if in_window.all() else raw.filter(pa.array(in_window))
            self._sort_out(raw, positions, checked)
        return checked

    def _in_window(self, raw: pa.Table) -> NDArray[np.bool_]:
        """Mask of the rows within the interval, and of those with an invalid time."""
        mask = np.ones(raw.num_rows, dtype=np.bool_)
        time = self.contract.time
        if time is None or (self.since is None and self.until is None):
            return mask
        times = read_table([time], raw).table[time.name]
        for compare, moment in ((pc.greater_equal, self.since), (pc.less, self.until)):
            if moment is not None:
                within = compare(times, pa.scalar(moment, ARROW_TYPES["datetime"]))
                mask &= numbers(pc.fill_null(within, True)).astype(np.bool_)
        return mask

    def _sort_out(self, raw: pa.Table, positions: NDArray[np.intp], checked: CheckedTable) -> None:
        validated = validate(self.contract, raw)
        for action, counted in checked.counts.messages.items():
            counted.update(validated.counts(action))
        for name in sorted(set(validated.table.column_names) - set(raw.column_names)):
            checked.counts.messages["warn"][f"{self.address} has no column {name}"] += raw.num_rows
        checked.accepted = _accepted(validated)
        if checked.accepted.num_rows < raw.num_rows:
            reasons = validated.reasons()
            rows, texts = reasons.index.to_list(), reasons.to_list()
            checked.rejected = quarantine_rows(
                raw, rows, texts, origin=self.address, positions=positions
            )


def _set_aside(malformed: MalformedRows, offset: int) -> CheckedTable:
    """Rows that could not be split, as they stand in the file."""
    count = len(malformed)
    counts = RowCounts(count, count)
    counts.messages["reject"][malformed.reason] = count
    raw = pa.table({"raw": malformed.texts})
    rows, reasons = range(count), list(malformed.reasons())
    positions = np.arange(offset, offset + count)
    rejected = quarantine_rows(raw, rows, reasons, origin=malformed.file, positions=positions)
    return CheckedTable(counts, rejected=rejected)


def _accepted(validated: Validated) -> pa.Table:
    accepted = validated.accepted
    return validated.table if accepted.all() else validated.table.filter(pa.array(accepted))
