"""The rows of a snapshot that stay in their file, for a table larger than memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..contract import Contract
from ..contract._arrow import from_arrow
from ..contract._columns import Array, Columns
from ..engines._shared_folder import unseen
from ..errors import SnapshotError

Index = NDArray[np.intp]


@dataclass(frozen=True)
class RowGroup:
    """Some rows of a snapshot, all from one row group of its file.

    Attributes:
        path: the file.
        number: number of the row group.
        positions: positions of the rows in it.
    """

    path: Path
    number: int
    positions: Index

    def read(self, contract: Contract) -> Columns:
        """The rows in memory.

        Raises:
            EngineError: if the file is not there, where a worker looks for it.
        """
        try:
            with pq.ParquetFile(self.path) as file:
                columns = from_arrow(contract, file.read_row_group(self.number))
        except FileNotFoundError as error:
            raise unseen(self.path) from error
        return {name: values[self.positions] for name, values in columns.items()}


class StoredColumns(Mapping[str, Array]):
    """Columns of a snapshot, each read from its file when it is asked for, and not kept.

    Args:
        path: the file.
        contract: types of the columns.
        index: positions of the rows; None for all.
    """

    def __init__(self, path: Path, contract: Contract, index: Index | None = None) -> None:
        self._path, self._contract, self._index = path, contract, index

    def __getitem__(self, name: str) -> Array:
        if name not in self._names:
            raise KeyError(name)
        with pq.ParquetFile(self._path) as file:
            values = from_arrow(self._contract, file.read(columns=[name]))[name]
        return values if self._index is None else values[self._index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def _names(self) -> list[str]:
        return list(pq.read_schema(self._path).names)

    def take(self, positions: Index) -> "StoredColumns":
        """The rows at these positions, among those that are there."""
        index = positions if self._index is None else self._index[positions]
        return StoredColumns(self._path, self._contract, index)

    def row_groups(self) -> list[RowGroup]:
        """The rows by row group, in order; each row group that has any.

        Raises:
            SnapshotError: if the rows are not in the order of the file.
        """
        with pq.ParquetFile(self._path) as file:
            groups = [file.metadata.row_group(at) for at in range(file.num_row_groups)]
        edges = np.cumsum([0, *(group.num_rows for group in groups)])
        index = np.arange(edges[-1]) if self._index is None else self._index
        if np.any(np.diff(index) <= 0):
            raise SnapshotError(
                "rows that stay in their file keep its order: let the splitter return positions in "
                "ascending order, or train with `engine: local`"
            )
        cuts = np.searchsorted(index, edges)
        return [
            RowGroup(self._path, at, index[cuts[at] : cuts[at + 1]] - edges[at])
            for at in range(len(groups))
            if cuts[at] < cuts[at + 1]
        ]

    def load(self) -> Columns:
        """The rows in memory; only the row groups that hold them are read."""
        parts = [group.read(self._contract) for group in self.row_groups()]
        return {name: np.concatenate([part[name] for part in parts]) for name in self}
