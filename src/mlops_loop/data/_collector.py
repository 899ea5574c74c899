"""The rows of several sources in the order of arrival: accepted and rejected ones."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..contract import Contract
from ..contract._arrow import table_columns
from ..contract._column_definition import Action
from ._external_sort import ExternalSorter
from ._prefetch import prefetch
from ._quarantine import Quarantine
from ._regrouping import regrouped
from ._row_check import BATCH_ROWS, RowCheck, RowCounts
from ._sources import Source

# The order of arrival. No column of a contract can have this name: YAML lets no NUL through.
POSITION = "\0position"


class RowCollector:
    """Collects rows of several sources.

    Attributes:
        sorter: accepted rows with the column `POSITION`, ordered by time and id, so that the
            order of files and of arrival does not change the snapshot.
    """

    def __init__(
        self, contract: Contract, folder: Path, since: datetime | None, until: datetime | None
    ) -> None:
        self.quarantine = Quarantine(folder)
        self._contract = contract
        self._since, self._until = since, until
        self._counts = RowCounts()
        order = [column.name for column in (contract.time, contract.id) if column is not None]
        self.sorter = ExternalSorter(folder, [*order, POSITION])

    @property
    def rows(self) -> int:
        """Number of rows read, within the interval."""
        return self._counts.rows

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
        found = self._counts.names
        return [name for name in self.names if name not in found] if found else []

    def counts(self, action: Action) -> dict[str, int]:
        """Number of rows by message, the most frequent first."""
        counted = self._counts.messages[action]
        return dict(sorted(counted.items(), key=lambda entry: (-entry[1], entry[0])))

    def check(self, source: Source) -> RowCheck:
        """The check of the tables of a source."""
        return RowCheck(self._contract, source.address, self._since, self._until)

    def take(self, source: Source) -> None:
        """Read and check a source to its end.

        Raises:
            SourceError: if it cannot be read, or lacks a column.
        """
        check, taken = self.check(source), 0
        tables = source.tables(self._contract, since=self._since, until=self._until)
        for raw in prefetch(regrouped(tables, BATCH_ROWS)):
            checked = check.check(raw, taken)
            taken += checked.counts.read
            self.count(checked.counts)
            if checked.accepted is not None:
                self.accept(checked.accepted)
            if checked.rejected is not None:
                self.quarantine.add(checked.rejected)

    def count(self, counts: RowCounts) -> None:
        """Add the numbers of rows that were checked."""
        self._counts.add(counts)

    def accept(self, table: pa.Table) -> None:
        """Add the next accepted rows."""
        position = pa.array(np.arange(self.sorter.rows, self.sorter.rows + table.num_rows))
        self.sorter.add(table.append_column(POSITION, position))
