"""Stable splits into training rows, held-out rows and folds.

By time if the contract has a time column, else by group, else by a hash of the row: rows that are
added do not move old rows to the other side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from .._duration import format_duration
from .._settings import Settings
from ..contract import Contract
from ..contract._columns import Columns, Floats, length, take
from ..errors import SnapshotError
from ._row_hash import hash_rows

Index = NDArray[np.intp]
Moments = NDArray[np.datetime64]

_HOLDOUT = "holdout"
_FOLD = "fold"
_HALF = "half"
# Of an interval between two folds whose beginning was moved.
_FEWEST_ROWS = 10


@dataclass(frozen=True)
class Split:
    """Training rows and held-out rows.

    Attributes:
        train_idx: positions of the training rows, intp, shape (rows,).
        holdout_idx: positions of the held-out rows, whose labels only the gate reads.

    Examples:
        >>> last_two = Split(train_idx=np.arange(8), holdout_idx=np.arange(8, 10))
        >>> last_two.holdout_idx.tolist()
        [8, 9]
    """

    train_idx: Index
    holdout_idx: Index


@dataclass(frozen=True)
class Fold:
    """One fold of the cross-validation.

    Attributes:
        fit_idx: positions of the rows that a candidate is fitted on, intp, shape (rows,).
        validation_idx: positions of the rows that it is scored on.

    Examples:
        >>> fold = Fold(fit_idx=np.arange(0, 6), validation_idx=np.arange(6, 8))
        >>> len(fold.fit_idx)
        6
    """

    fit_idx: Index
    validation_idx: Index


def split(contract: Contract, columns: Columns, settings: Settings) -> Split:
    """Split into training rows and held-out rows.

    With a time column, the last `training.holdout` is held out; rows whose label may not have been
    known at its beginning (`label_horizon`) are on neither side.

    Raises:
        SnapshotError: if one side would be empty.
    """
    training = settings.training
    if contract.time is not None:
        times = columns[contract.time.name]
        start = _latest(times) - np.timedelta64(training.holdout)
        held = times >= start
        train = times < start - np.timedelta64(contract.label_horizon)
        remedy = f"training.holdout ({format_duration(training.holdout)}) and label_horizon"
    else:
        held = _hashed_out(hash_rows(contract, columns, _HOLDOUT), training.holdout_share)
        train = ~held
        remedy = f"training.holdout_share ({training.holdout_share})"
    made = Split(np.flatnonzero(train), np.flatnonzero(held))
    if not made.train_idx.size or not made.holdout_idx.size:
        raise SnapshotError(
            f"{length(columns)} rows leave {made.train_idx.size} to train on and "
            f"{made.holdout_idx.size} to hold out: ingest more, or change {remedy}"
        )
    return made


def folds(contract: Contract, columns: Columns, settings: Settings, train_idx: Index) -> list[Fold]:
    """Split the training rows into folds, in the same way as the holdout.

    With a time column each fold is fitted on everything older than its validation rows, less
    the gap of `label_horizon`.

    Args:
        contract: roles of the columns.
        columns: all rows.
        settings: `training.folds` is their number.
        train_idx: positions of the training rows.

    Raises:
        SnapshotError: if a fold has no rows to fit on, or no validation rows.
    """
    count = settings.training.folds
    if contract.time is not None:
        made = _time_folds(columns[contract.time.name], train_idx, count, contract.label_horizon)
    else:
        part = _parts(hash_rows(contract, columns, _FOLD)[train_idx], count)
        made = [Fold(train_idx[part != k], train_idx[part == k]) for k in range(count)]
    for number, fold in enumerate(made, 1):
        if not fold.fit_idx.size or not fold.validation_idx.size:
            raise SnapshotError(
                f"{train_idx.size} training rows are too few for training.folds ({count}): fold "
                f"{number} fits on {fold.fit_idx.size} rows and is scored on "
                f"{fold.validation_idx.size}; ingest more, or lower training.folds"
            )
    return made


def halved(
    contract: Contract, columns: Columns, cuts: Sequence[Fold]
) -> tuple[list[Fold], list[Fold]]:
    """The same folds twice, each with one half of the validation rows: for tuning, for comparison.

    Parameters tuned on the first halves can be compared on the second ones. With a time column the
    second half is the later one; groups are kept together.

    Args:
        contract: roles of the columns.
        columns: all rows.
        cuts: folds as `folds` makes them.

    Raises:
        SnapshotError: if a half would be empty.
    """
    pairs = []
    for number, fold in enumerate(cuts, 1):
        later = _later_half(contract, take(columns, fold.validation_idx))
        if later.all() or not later.any():
            raise SnapshotError(
                f"the {later.size} validation rows of fold {number} cannot be halved into rows to "
                "search on and rows to compare on: ingest more, lower training.folds, or train "
                "without --tune"
            )
        pairs.append((fold.validation_idx[~later], fold.validation_idx[later]))
    search, comparison = (
        [Fold(fold.fit_idx, half) for fold, half in zip(cuts, halves, strict=True)]
        for halves in zip(*pairs, strict=True)
    )
    return search, comparison


def _later_half(contract: Contract, columns: Columns) -> NDArray[np.bool_]:
    """Mask of the second half; all or none if the rows cannot be split."""
    if contract.time is not None:
        times = columns[contract.time.name]
        later: NDArray[np.bool_] = times >= np.sort(times)[times.size // 2]
    else:
        later = _parts(hash_rows(contract, columns, _HALF), 2) == 1
    return later


def _hashed_out(hashes: Floats, share: float) -> NDArray[np.bool_]:
    """Mask of the rows below the share; at least one row is on each side.

    This row has the smallest or largest hash.
    """
    held = hashes < share
    if held.size and not held.any():
        held = hashes == hashes.min()
    if held.all() and np.ptp(hashes) > 0:
        held = hashes < hashes.max()
    return held


def _parts(hashes: Floats, count: int) -> Index:
    """The fold of each row; assigned in turn if one would be empty."""
    part = (hashes * count).astype(np.intp)
    if len(np.unique(part)) == count:
        return part
    return np.unique(hashes, return_inverse=True)[1].astype(np.intp) % count


def _time_folds(
    times: Moments, train_idx: Index, count: int, label_horizon: timedelta
) -> list[Fold]:
    own = times[train_idx]
    ordered = np.sort(own)
    if not ordered.size:
        return [Fold(train_idx, train_idx)] * count
    gap = np.timedelta64(label_horizon)
    edges = _edges(ordered, count)
    # If labels take so long that the gap leaves none to fit on, validation begins later.
    late = ordered[ordered > ordered[0] + gap]
    if edges[0] - gap <= ordered[0] and late.size >= _FEWEST_ROWS * (count + 1):
        edges = _edges(late, count)
    ends = np.append(edges[1:], ordered[-1:] + np.timedelta64(1, "us"))
    return [
        Fold(train_idx[own < start - gap], train_idx[(own >= start) & (own < end)])
        for start, end in zip(edges, ends, strict=True)
    ]


def _edges(ordered: Moments, count: int) -> Moments:
    """The first of count + 1 intervals with equally many rows is never a validation set."""
    edges: Moments = ordered[[ordered.size * k // (count + 1) for k in range(1, count + 1)]]
    return edges


def _latest(times: Moments) -> np.datetime64:
    if not times.size:
        raise SnapshotError("there are no rows to split: ingest rows first")
    latest: np.datetime64 = times.max()
    return latest
