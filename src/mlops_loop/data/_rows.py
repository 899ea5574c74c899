"""The rows of a snapshot as arrays, with their contract and settings."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from .._references import SnapshotRef
from .._run_context import RunContext
from .._settings import Settings
from ..contract import Contract
from ..contract._columns import Columns, length, take
from ..engines._address import parse_engine
from ..errors import SnapshotError
from ._snapshot import read_snapshot
from ._stored_columns import StoredColumns

if TYPE_CHECKING:
    from .._project import Project


@dataclass(frozen=True)
class Rows:
    """Rows of a snapshot, target included: what a splitter is called with.

    Attributes:
        columns: arrays of shape (rows,) by name, see `mlops_loop.contract.Columns`.
        contract: types and roles of the columns.
        settings: settings of the project.
        snapshot: reference of the snapshot that they were loaded from.
        context: who trains and why, and the listener to progress.

    Examples:
        >>> from mlops_loop.pipeline import SnapshotRef
        >>> rows = SnapshotRef.latest(project).load(project)
        >>> len(rows.take(np.arange(10)))
        10
    """

    columns: Columns
    contract: Contract
    settings: Settings
    snapshot: SnapshotRef
    context: RunContext

    def __len__(self) -> int:
        return length(self.columns)

    def take(self, positions: NDArray[np.intp]) -> "Rows":
        """The rows at these positions."""
        stored = self.stored
        columns = take(self.columns, positions) if stored is None else stored.take(positions)
        return replace(self, columns=cast(Columns, columns))

    @property
    def stored(self) -> StoredColumns | None:
        """The columns, if they stay in the file of the snapshot."""
        return self.columns if isinstance(self.columns, StoredColumns) else None


def load_rows(project: "Project", ref: SnapshotRef) -> Rows:
    """Read and verify the rows of a snapshot (see `SnapshotRef.load`).

    With an engine of Dask they are verified and stay in their file.
    """
    context = project.context
    with context.timed("data"):
        snapshot = read_snapshot(project.paths.snapshots, ref.digest)
        if snapshot.rows != ref.rows:
            raise SnapshotError(
                f"snapshot {ref.digest} has {snapshot.rows} rows, expected {ref.rows}"
            )
        if parse_engine(project.settings.engine).kind == "dask":
            columns = cast(Columns, snapshot.stored_columns(project.contract))
        else:
            columns = snapshot.columns(project.contract)
    return Rows(columns, project.contract, project.settings, ref, context)
