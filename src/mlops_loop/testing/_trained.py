"""A project that was trained once, on a sample of its own data."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .._champion import champion_predictor
from .._clock import Clock, ManualClock
from .._composition import Pipeline
from .._gate_override import force_promote
from .._predictor import BundlePredictor, Prediction
from .._project import Project
from .._references import SnapshotRef
from .._run_context import RunContext
from ..contract._columns import Columns, JsonValue, length, take, to_rows
from ..data._snapshot import read_snapshot, write_snapshot
from ..registry import Version
from ._copies import isolated, project_copy

# Minimum of rows of each class in a sample, if there are enough.
_ROWS_OF_A_CLASS = 30


@dataclass(frozen=True)
class TrainedProject:
    """A project with a champion, shared by tests; `copy` makes one to change.

    Attributes:
        project: a copy in a folder of its own.
        ingested: reference of all rows of the source.
        snapshot: reference of the rows that the model was trained on.
        version: the registered model, whether or not it passed the gate.

    Examples:
        >>> trained.model.manifest.version == trained.version.version
        True
        >>> len(trained.rows) == len(trained.labels)
        True
    """

    project: Project
    ingested: SnapshotRef
    snapshot: SnapshotRef
    version: Version

    @cached_property
    def model(self) -> BundlePredictor:
        """The model as the service runs it."""
        return champion_predictor(self.project)

    @cached_property
    def columns(self) -> Columns:
        """At most about 400 rows of the snapshot, targets included."""
        columns = self.snapshot.load(self.project).columns
        rows = length(columns)
        return take(columns, np.arange(0, rows, max(rows // 400, 1)))

    @property
    def rows(self) -> list[dict[str, JsonValue]]:
        """The same rows as JSON objects of a request."""
        return to_rows(self.project.contract.inputs, self.columns)

    @property
    def labels(self) -> list[JsonValue]:
        """The targets of these rows as labels of a request."""
        target = self.project.contract.target
        return [row[target.name] for row in to_rows([target], self.columns)]

    def predict(self, columns: Columns) -> Prediction:
        """Predict rows; see `mlops_loop.Prediction`."""
        return self.model.predict(columns)

    def scores(self, columns: Columns) -> NDArray[np.float64]:
        """One number a row that grows with the target, float64, shape (rows,).

        For regression the prediction, for two classes the probability of the second one, for more
        classes the expected class code.
        """
        prediction = self.predict(columns)
        if prediction.probabilities is None:
            return np.asarray(prediction.values, dtype=np.float64)
        positions = np.arange(prediction.probabilities.shape[1])
        scores: NDArray[np.float64] = prediction.probabilities @ positions
        return scores

    def copy(self, root: Path, *, clock: Clock | None = None) -> Project:
        """The trained project in another folder, to change at will.

        Args:
            root: a folder that does not exist yet.
            clock: the copy's clock; by default it stands one second after the last row, if the
                contract has a time column.
        """
        shutil.copytree(self.project.root, root)
        return isolated(self.project, root, clock=clock or self._clock_after_last_row())

    def _clock_after_last_row(self) -> Clock | None:
        contract = self.project.contract
        if contract.time is None:
            return None
        last: datetime = self.columns[contract.time.name].max().astype("datetime64[us]").item()
        return ManualClock(last.replace(tzinfo=UTC) + timedelta(seconds=1))


def trained_project(
    project: Project,
    root: Path,
    pipeline: Pipeline,
    *,
    source: str | None = None,
    rows: int = 8000,
) -> TrainedProject:
    """Copy a project, ingest its source, and train on a uniform sample of the rows.

    The version becomes champion even if the gate rejects it, as a model of few rows may be bad.

    Args:
        project: the project; it is not changed.
        root: a folder that does not exist yet or is empty.
        pipeline: your stages.
        source: address of another source than the project's own, e.g. a small file next to the
            tests.
        rows: size of the sample.

    Examples:
        >>> import pytest
        >>> @pytest.fixture(scope="session")
        ... def trained(tmp_path_factory):
        ...     root = tmp_path_factory.mktemp("trained") / "project"
        ...     return trained_project(project, root, PIPELINE)
    """
    copy = project_copy(project, root, source=source)
    copy.context = RunContext(actor="tests")
    ingested = pipeline.ingest(copy)
    snapshot = _sample(copy, ingested, rows)
    version = pipeline.train(copy, snapshot)
    if copy.published().champion != version.version:
        force_promote(copy, version.version, actor="tests", reason="tests need a model")
    copy.close()
    return TrainedProject(copy, ingested, snapshot, version)


def _sample(project: Project, snapshot: SnapshotRef, rows: int) -> SnapshotRef:
    """A uniform sample, with additional rows of rare classes."""
    if snapshot.rows <= rows:
        return snapshot
    order = np.random.default_rng(project.settings.seed).permutation(snapshot.rows)
    chosen = [order[:rows]]
    contract = project.contract
    if contract.classes:
        target = snapshot.load(project).columns[contract.target.name][order]
        chosen += [order[target == label][:_ROWS_OF_A_CLASS] for label in contract.classes]
    folder = project.paths.snapshots
    whole = read_snapshot(folder, snapshot.digest)
    table = whole.table().take(np.unique(np.concatenate(chosen)))
    return SnapshotRef.of(write_snapshot(table, folder, whole.origin))
