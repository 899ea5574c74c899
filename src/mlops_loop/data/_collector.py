"""Validation of the rows of several sources, separating accepted from rejected ones."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._arrow import ARROW_TYPES, numbers, table_columns
from ..contract._casting import missing_columns, read_table
from ..contract._column_definition import Action
from ..errors import SourceError
from ._external_sort import ExternalSorter
from ._prefetch import prefetch
from ._quarantine import Quarantine, quarantine_rows
from ._regrouping import regrouped
from ._sources import Source
from ._sources.malformed import MalformedRows
from ._sources.types import plain_table
from ._validation import Validated, validate

# The order of arrival. No column of a contract can have this name: YAML lets no NUL through.
POSITION = "\0position"
# Pandera has a fixed cost for each table.
_BATCH_ROWS = 1 << 17


class RowCollector:
    """Collects rows of several sources.

    Attributes:
        rows: number of rows read, within the interval.
        from_source: number of accepted rows of the first source.
        sorter: accepted rows with the column `POSITION`, ordered by time and id, so that the
            order of files and of arrival does not change the snapshot.
    """

    def __init__(
        self, contract: Contract, folder: Path, since: datetime | None, until: datetime | None
    ) -> None:
        self.rows = 0
        self.quarantine = Quarantine(folder)
        self._contract = contract
        self._since, self._until = since, until
        self._found: set[str] = set()
        self._counts: dict[Action, Counter[str]] = {"reject": Counter(), "warn": Counter()}
        order = [column.name for column in (contract.time, contract.id) if column is not None]
        self.sorter = ExternalSorter(folder, [*order, POSITION])

    @property
    def bad(self) -> int:
        return self.quarantine.rows

    @property
    def names(self) -> list[str]:
        """Columns of the accepted rows, without their position."""
        return [column.name for column in table_columns(self._contract)]

    @property
    def missing(self) -> list[str]:
        """Columns of the contract that no table with rows has; none before the first row."""
        return [name for name in self.names if name not in self._found] if self._found else []

    def counts(self, action: Action) -> dict[str, int]:
        """Number of rows by message, the most frequent first."""
        return dict(self._counts[action].most_common())

    def take(self, source: Source) -> None:
        """Read a source to its end.

        Raises:
            SourceError: if it cannot be read, or lacks a column.
        """
        taken = 0
        tables = source.tables(self._contract, since=self._since, until=self._until)
        for raw in prefetch(regrouped(tables, _BATCH_ROWS)):
            malformed = MalformedRows.of(raw)
            if malformed is not None:
                self._set_aside(malformed, taken)
                taken += len(malformed)
                self.rows += len(malformed)
                continue
            raw = plain_table(raw)
            if raw.num_rows:
                self._found.update(raw.column_names)
            absent = missing_columns(table_columns(self._contract), raw.column_names)
            if absent:
                raise SourceError(
                    f"{source.address}: missing columns {', '.join(absent)}: see "
                    "config/contract.yaml"
                )
            in_window = self._in_window(raw)
            positions = np.flatnonzero(in_window) + taken
            taken += raw.num_rows
            self.rows += len(positions)
            if len(positions):
                raw = raw if in_window.all() else raw.filter(pa.array(in_window))
                self._sort_out(raw, source.address, positions)

    def _set_aside(self, malformed: MalformedRows, offset: int) -> None:
        """Quarantine rows that could not be split, as they stand in the file."""
        self._counts["reject"][malformed.reason] += len(malformed)
        raw = pa.table({"raw": malformed.texts})
        rows, reasons = range(len(malformed)), list(malformed.reasons())
        positions = np.arange(offset, offset + len(malformed))
        self.quarantine.add(
            quarantine_rows(raw, rows, reasons, origin=malformed.file, positions=positions)
        )

    def _in_window(self, raw: pa.Table) -> NDArray[np.bool_]:
        """Mask of the rows within the interval, and of those with an invalid time."""
        mask = np.ones(raw.num_rows, dtype=np.bool_)
        time = self._contract.time
        if time is None or (self._since is None and self._until is None):
            return mask
        times = read_table([time], raw).table[time.name]
        for compare, moment in ((pc.greater_equal, self._since), (pc.less, self._until)):
            if moment is not None:
                within = compare(times, pa.scalar(moment, ARROW_TYPES["datetime"]))
                mask &= numbers(pc.fill_null(within, True)).astype(np.bool_)
        return mask

    def _sort_out(self, raw: pa.Table, origin: str, positions: NDArray[np.intp]) -> None:
        validated = validate(self._contract, raw)
        for action, counted in self._counts.items():
            counted.update(validated.counts(action))
        for name in sorted(set(validated.table.column_names) - set(raw.column_names)):
            self._counts["warn"][f"{origin} has no column {name}"] += raw.num_rows
        good = _accepted(validated)
        position = pa.array(np.arange(self.sorter.rows, self.sorter.rows + good.num_rows))
        self.sorter.add(good.append_column(POSITION, position))
        if good.num_rows < raw.num_rows:
            reasons = validated.reasons()
            rows, texts = reasons.index.to_list(), reasons.to_list()
            self.quarantine.add(
                quarantine_rows(raw, rows, texts, origin=origin, positions=positions)
            )


def _accepted(validated: Validated) -> pa.Table:
    accepted = validated.accepted
    return validated.table if accepted.all() else validated.table.filter(pa.array(accepted))
