"""From the rows of a snapshot to encoded training rows and held-out rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._encoder import Encoder, Matrix
from .._feature_set import FeatureSet
from ..data import _split as splits
from ..data._rows import Rows
from ..data._split import Fold, Split
from ..engines import open_engine
from ..errors import SnapshotError
from ..evaluation._holdout import Holdout
from ..evaluation._target import Labels, encode_target
from ..models import Task
from ..models._fitting import is_learnable
from ..models._stored_matrix import StoredMatrix
from .stored_encoding import bounded, encode_stored

Index = NDArray[np.intp]
# Which rows train and which are held out.
Splitter = Callable[[Rows], Split]
# The folds of the training rows, as positions among them.
Folder = Callable[[Rows], Sequence[Fold]]


@dataclass(frozen=True)
class Partition:
    """Rows that train, with their folds, and rows that are held out."""

    train: Rows
    holdout: Rows
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class TrainingData:
    """The encoded training rows, without held-out rows.

    Attributes:
        matrix: the encoded features, float32, shape (rows, features); with an engine of Dask they
            stay in files.
        labels: class codes (int64) or values (float64), shape (rows,).
        folds: folds of the cross-validation, as positions of rows.
        task: the task that estimators are built for.
        rows: the same rows, raw.
        features: digest of the features.
    """

    matrix: Matrix | StoredMatrix
    labels: Labels
    folds: tuple[Fold, ...]
    task: Task
    rows: Rows
    features: str

    @property
    def classes(self) -> int:
        """Number of classes; 0 for a regression."""
        return len(self.rows.contract.classes)

    @contextmanager
    def on_engine(self) -> "Iterator[TrainingData]":
        """The same rows while an engine runs that fits on them; itself if they are in memory."""
        if not isinstance(self.matrix, StoredMatrix):
            yield self
            return
        with open_engine(self.rows.settings.engine) as engine:
            yield replace(self, matrix=self.matrix.on(engine))

    def to_fit(self, positions: Index) -> Matrix | StoredMatrix:
        """The matrix of the rows at these positions; it stays in files if it is there."""
        if isinstance(self.matrix, StoredMatrix):
            return self.matrix.subset(positions)
        return self.matrix[positions]

    def halved(self) -> tuple[tuple[Fold, ...], tuple[Fold, ...]]:
        """The folds to search on, and the folds to compare on; see `data._split.halved`.

        Raises:
            SnapshotError: if too few rows judge a fold.
        """
        search, comparison = splits.halved(self.rows.contract, self.rows.columns, self.folds)
        return tuple(search), tuple(comparison)


@dataclass(frozen=True)
class EncodedData:
    """Encoded training rows and held-out rows."""

    train: TrainingData
    holdout: Holdout


def stable_split(rows: Rows) -> Split:
    """Split by time if the contract has a time column, else by group, else by a hash of the row.

    Raises:
        SnapshotError: if one side would be empty.
    """
    return splits.split(rows.contract, rows.columns, rows.settings)


def stable_folds(rows: Rows) -> list[Fold]:
    """Split training rows into `training.folds` folds, in the same way.

    Raises:
        SnapshotError: if a fold would be empty.
    """
    return splits.folds(rows.contract, rows.columns, rows.settings, np.arange(len(rows)))


def split(
    rows: Rows, *, splitter: Splitter = stable_split, folds: Folder = stable_folds
) -> Partition:
    """Split rows into training rows with their folds, and held-out rows.

    Args:
        rows: the rows of a snapshot.
        splitter: returns the training and the held-out rows; rows on neither side are not used.
            By default by time if the contract has a time column, else by group, else by a hash.
        folds: returns the folds of the training rows; by default `training.folds` of them, in the
            same way.

    Raises:
        SnapshotError: if there are too few rows, or a row is on both sides.

    Examples:
        Hold out one depot, to evaluate the model on a place that it was not trained on:

        >>> from mlops_loop.data import Rows, Split
        >>> def by_depot(rows: Rows) -> Split:
        ...     held_out = rows.columns["from depot"] == "north"
        ...     return Split(np.flatnonzero(~held_out), np.flatnonzero(held_out))
        >>> partition = split(rows, splitter=by_depot)
        >>> sorted(set(partition.train.columns["from depot"]))
        ['east', 'west']
    """
    sides = splitter(rows)
    if not sides.train_idx.size or not sides.holdout_idx.size:
        raise SnapshotError(
            f"{len(rows)} rows leave {sides.train_idx.size} to train on and "
            f"{sides.holdout_idx.size} to hold out"
        )
    if both := np.intersect1d(sides.train_idx, sides.holdout_idx).size:
        raise SnapshotError(f"the splitter returned {both} rows both for training and held out")
    train = rows.take(sides.train_idx)
    return Partition(train, rows.take(sides.holdout_idx), tuple(folds(train)))


def encode(partition: Partition, features: FeatureSet) -> EncodedData:
    """Compute the features, fit the encoder on the training rows, and encode all rows.

    Args:
        partition: training rows and held-out rows, as `split` returns them.
        features: usually `project.features`.

    Raises:
        ContractError: if a feature needs a column that the contract does not have.
        ProjectCodeError: if a feature fails, does not return one value per row, or
            depends on other rows.
        SnapshotError: if all training rows have the same label or the same features.
    """
    rows = partition.train
    contract, settings = rows.contract, rows.settings
    with rows.context.timed("features"):
        encoder, matrix, labels = _encode(rows, features)
        is_stored = isinstance(matrix, StoredMatrix)
        train = TrainingData(
            matrix=matrix,
            labels=labels,
            folds=bounded(partition.folds, settings.seed) if is_stored else partition.folds,
            task=Task(
                contract.problem,
                encoder,
                seed=settings.seed,
                threads=settings.training.threads,
                rows=len(labels),
                classes=len(contract.classes),
                is_clustered=contract.time is not None or contract.group is not None,
            ),
            rows=rows,
            features=features.digest,
        )
        _require_learnable(train)
        stored = partition.holdout.stored
        held_out = stored.load() if stored is not None else partition.holdout.columns
        holdout = Holdout.of(contract, held_out, features, encoder)
    return EncodedData(train, holdout)


def _encode(rows: Rows, features: FeatureSet) -> tuple[Encoder, Matrix | StoredMatrix, Labels]:
    if rows.stored is not None:
        with open_engine(rows.settings.engine) as engine:
            return encode_stored(rows, rows.stored, features, engine)
    specs = features.columns(rows.contract)
    enriched = features.apply(rows.columns)
    features.require_row_wise(rows.columns, enriched)
    encoder = Encoder.fit(specs, enriched)
    return encoder, encoder.encode(enriched), encode_target(rows.contract, rows.columns)


def event_time(rows: Rows, pick: Callable[[Any], Any]) -> str | None:
    """One event time of the rows, e.g. the latest by `np.max`, as ISO 8601; None without times."""
    time = rows.contract.time
    if time is None:
        return None
    return str(np.datetime_as_string(pick(rows.columns[time.name]), "s")) + "+00:00"


def _require_learnable(data: TrainingData) -> None:
    if is_learnable(data.matrix, data.labels):
        return
    name = data.rows.contract.target.name
    constant = name if (data.labels == data.labels[0]).all() else "features"
    raise SnapshotError(
        f"all {len(data.labels)} training rows have the same {constant}, so there is nothing to "
        "learn: ingest other rows, or hold out fewer"
    )
