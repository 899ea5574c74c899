"""Encoding of rows that stay in their file: by the workers of an engine, a row group at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from .._datetime_parts import EPOCH
from .._encoder import Encoder
from .._feature_set import FeatureColumn, FeatureSet
from ..contract import Contract
from ..contract._columns import Array, missing
from ..data._rows import Rows
from ..data._split import Fold, Index
from ..data._stored_columns import RowGroup, StoredColumns
from ..engines import Engine
from ..engines._shared_folder import unseen
from ..evaluation._target import Labels, encode_target
from ..models._stored_matrix import ROWS_IN_MEMORY, MatrixFolder, StoredMatrix

# The days of a column, and how many rows have each.
Days = tuple[Array, Array]


@dataclass(frozen=True)
class Learned:
    """What the encoder learns from some of the rows."""

    vocabularies: dict[str, tuple[str, ...]]
    days: dict[str, Days]


@dataclass(frozen=True)
class Learn:
    """Computes the features of a row group; what the encoder learns from them."""

    contract: Contract
    features: FeatureSet
    specs: tuple[FeatureColumn, ...]

    def __call__(self, group: RowGroup) -> Learned:
        columns = group.read(self.contract)
        enriched = self.features.apply(columns)
        self.features.require_row_wise(columns, enriched)
        encoder = Encoder.fit(self.specs, enriched)
        return Learned(
            encoder.vocabularies, {name: _days(enriched[name]) for name in encoder.references}
        )


@dataclass(frozen=True)
class EncodeRows:
    """Encodes a row group, writes it as a file, and returns the labels."""

    contract: Contract
    features: FeatureSet
    encoder: Encoder

    def __call__(self, item: tuple[RowGroup, Path]) -> Labels:
        group, file = item
        columns = group.read(self.contract)
        # Unique on all machines: a worker that was taken for dead may still be writing.
        draft = file.with_suffix(f".{uuid4().hex}")
        try:
            with draft.open("wb") as opened:
                np.save(opened, self.encoder.encode(self.features.apply(columns)))
        except FileNotFoundError as error:
            raise unseen(file.parent) from error
        draft.replace(file)
        return encode_target(self.contract, columns)


def encode_stored(
    rows: Rows, columns: StoredColumns, features: FeatureSet, engine: Engine
) -> tuple[Encoder, StoredMatrix, Labels]:
    """The fitted encoder, the encoded rows in files below `var/`, and their labels in memory.

    Raises:
        EngineError: if the engine stops, or a worker cannot see the files.
    """
    contract, groups = rows.contract, columns.row_groups()
    specs = features.columns(contract)
    encoder = _merge(specs, engine.map(Learn(contract, features, specs), groups))
    folder = MatrixFolder(rows.settings.paths.training)
    files = tuple(folder.path / f"{at:06d}.npy" for at in range(len(groups)))
    items = zip(groups, files, strict=True)
    parts = list(engine.map(EncodeRows(contract, features, encoder), items))
    starts = np.cumsum([0, *map(len, parts)])
    labels: Any = np.concatenate(parts)
    return encoder, StoredMatrix(folder, files, starts, len(encoder.names)), labels


def bounded(folds: Iterable[Fold], seed: int) -> tuple[Fold, ...]:
    """The folds; of validation rows that do not fit into memory, a uniform sample."""
    rng = np.random.default_rng(seed)

    def sampled(rows: Index) -> Index:
        if len(rows) <= ROWS_IN_MEMORY:
            return rows
        return np.sort(rng.choice(rows, ROWS_IN_MEMORY, replace=False))

    return tuple(Fold(fold.fit_idx, sampled(fold.validation_idx)) for fold in folds)


def _days(moments: Array) -> Days:
    """Whole days, as `reference_date` counts them."""
    present = moments[~missing(moments)]
    days, counts = np.unique(present.astype("datetime64[D]").astype(np.int64), return_counts=True)
    return days, counts


def _merge(specs: Sequence[FeatureColumn], parts: Iterable[Learned]) -> Encoder:
    learned = list(parts)
    vocabularies = {
        name: tuple(sorted({word for part in learned for word in part.vocabularies[name]}))
        for name in learned[0].vocabularies
    }
    references = {name: _median([part.days[name] for part in learned]) for name in learned[0].days}
    return Encoder(tuple(specs), vocabularies, references)


def _median(parts: Sequence[Days]) -> date:
    """The median day of all parts, see `reference_date`."""
    days = np.concatenate([days for days, _ in parts])
    counts = np.concatenate([counts for _, counts in parts])
    order = np.argsort(days)
    until = np.cumsum(counts[order])
    if not until.size:
        return EPOCH
    at = np.searchsorted(until, until[-1] // 2, side="right")
    return EPOCH + timedelta(days=int(days[order][at]))
