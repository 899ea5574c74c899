"""Validation of the rows of several sources, separating accepted from rejected ones."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..contract import Column, Contract
from ..contract._arrow import ARROW_TYPES, table_columns
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
            raw = self._in_window(raw)
            if raw.num_rows:
                self._sort_out(raw, source.address, taken)
            taken += raw.num_rows
        self.rows += taken

    def _set_aside(self, malformed: MalformedRows, offset: int) -> None:
        """Quarantine rows that could not be split, as they stand in the file."""
        self._counts["reject"][malformed.reason] += len(malformed)
        raw = pa.table({"raw": malformed.texts})
        rows, reasons = range(len(malformed)), list(malformed.reasons())
        self.quarantine.add(
            quarantine_rows(raw, rows, reasons, origin=malformed.file, offset=offset)
        )

    def _in_window(self, raw: pa.Table) -> pa.Table:
        if self._contract.time is not None:
            for compare, moment in ((pc.greater_equal, self._since), (pc.less, self._until)):
                if moment is not None:
                    raw = _kept(self._contract.time, raw, compare, moment)
        return raw

    def _sort_out(self, raw: pa.Table, origin: str, offset: int) -> None:
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
            self.quarantine.add(quarantine_rows(raw, rows, texts, origin=origin, offset=offset))


def _kept(time: Column, raw: pa.Table, compare: Callable[..., Any], moment: datetime) -> pa.Table:
    """Rows within the interval, and those with an invalid time, which are rejected later."""
    times = read_table([time], raw).table[time.name]
    mask = pc.fill_null(compare(times, pa.scalar(moment, ARROW_TYPES["datetime"])), True)
    return raw if pc.all(mask).as_py() else raw.filter(mask)


def _accepted(validated: Validated) -> pa.Table:
    accepted = validated.accepted
    return validated.table if accepted.all() else validated.table.filter(pa.array(accepted))
