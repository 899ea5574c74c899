"""An encoded matrix that lies in files, for rows that do not fit into the memory of one process."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from .._encoder import Matrix
from .._work_folder import work_folder
from ..engines import Engine
from . import DaskRows

if TYPE_CHECKING:
    from distributed import Client

Index = NDArray[np.intp]
# Rows that are read at once in one process: a fit without Dask, or the validation of a fold.
ROWS_IN_MEMORY = 500_000
# Neighbouring rows that a worker reads together.
_CHUNK_ROWS = 4096


class MatrixFolder:
    """A new folder below `parent`, deleted with the last matrix that refers to it."""

    def __init__(self, parent: Path) -> None:
        stack = ExitStack()
        self.path = stack.enter_context(work_folder(parent, "matrix-"))
        finalize(self, stack.close)


@dataclass(frozen=True)
class StoredMatrix:
    """Rows of a matrix in `.npy` files, in the order of the files.

    Attributes:
        folder: holds the files.
        files: their paths.
        starts: position of the first row of each file, and the number of all rows.
        features: number of columns.
        index: positions of the rows, ascending; None for all.
        client: of Dask, while a stage is running.
    """

    folder: MatrixFolder
    files: tuple[Path, ...]
    starts: Index
    features: int
    index: Index | None = None
    client: "Client | None" = None

    def __len__(self) -> int:
        return int(self.starts[-1]) if self.index is None else len(self.index)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self.features

    def __getitem__(self, positions: Index) -> Matrix:
        """The rows at these positions, in memory."""
        return _read(self.files, self.starts, self._within(positions))

    def on(self, engine: Engine) -> "StoredMatrix":
        """The same rows for fits on a running engine of Dask."""
        from ..engines._dask import DaskEngine

        assert isinstance(engine, DaskEngine)
        return replace(self, client=engine.client)

    def subset(self, positions: Index) -> "StoredMatrix":
        """The rows at these positions, in the files."""
        return replace(self, index=self._within(positions))

    def sample(self, rows: int = ROWS_IN_MEMORY // 10) -> Matrix:
        """Rows from all over the matrix, in memory."""
        return self[np.unique(np.linspace(0, len(self) - 1, rows).astype(np.intp))]

    def blocks(self) -> Iterator[Matrix]:
        """All rows in order, a part in memory at a time."""
        for start in range(0, len(self), ROWS_IN_MEMORY):
            yield self[np.arange(start, min(start + ROWS_IN_MEMORY, len(self)))]

    def workers(self) -> set[str]:
        """Addresses of the workers of Dask."""
        assert self.client is not None
        return set(self.client.scheduler_info(n_workers=-1)["workers"])

    def to_dask(self, labels: NDArray[Any]) -> DaskRows:
        """The matrix and its labels as arrays of Dask: one block on each worker.

        Each block has rows from all over the matrix, and a row of each class.
        """
        import dask.array as da

        assert self.client is not None
        workers = sorted(self.workers())[: len(labels)]
        matrices, targets = [], []
        for worker, positions in zip(workers, deal(labels, len(workers)), strict=True):
            index, target = self.client.scatter(
                [self._within(positions), labels[positions]], workers=[worker], hash=False
            )
            read = partial(_read, self.files, self.starts)
            # Elsewhere if the worker dies: the fit then fails and begins again, or it would wait.
            rows = self.client.submit(
                read, index, workers=worker, allow_other_workers=True, pure=False
            )
            shape = (len(positions), self.features)
            matrices.append(da.from_delayed(rows, shape, np.float32))
            targets.append(da.from_delayed(target, shape[:1], labels.dtype))
        return DaskRows(da.concatenate(matrices), da.concatenate(targets), self.client)

    def _within(self, positions: Index) -> Index:
        return positions if self.index is None else self.index[positions]


def _read(files: Sequence[Path], starts: Index, positions: Index) -> Matrix:
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    rows: Matrix | None = None
    for at in np.unique(np.searchsorted(starts, ordered, side="right") - 1):
        first, last = np.searchsorted(ordered, starts[at : at + 2])
        part = np.load(files[at], mmap_mode="r")
        if rows is None:
            rows = np.empty((len(positions), part.shape[1]), dtype=np.float32)
        rows[order[first:last]] = part[ordered[first:last] - starts[at]]
    assert rows is not None
    return rows


def deal(labels: NDArray[Any], hands: int) -> list[Index]:
    """Positions of the rows of each worker; a class that it would lack gets one of its rows."""
    chunk = int(np.clip(len(labels) // (16 * hands), 1, _CHUNK_ROWS))
    hand = np.arange(len(labels)) // chunk % hands
    dealt = [np.flatnonzero(hand == at) for at in range(hands)]
    if labels.dtype.kind != "i":
        return dealt
    classes, first = np.unique(labels, return_index=True)
    return [
        np.union1d(positions, first[~np.isin(classes, labels[positions])]) for positions in dealt
    ]
