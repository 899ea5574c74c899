"""Settings that depend on the table: split, margins and minimum numbers of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np

from .._duration import format_duration
from .._settings import Csv, Settings
from ..contract._columns import Columns, length, missing, take
from ..contract._model import Contract
from ..data._split import Index, folds, split
from ..errors import SnapshotError
from ..evaluation._target import encode_target
from .table import Table

Changes = dict[tuple[str, ...], Any]

# Margins of the gate and of monitoring; for regression as shares of the target's standard
# deviation.
_MARGINS = {"binary": (0.005, 0.01), "multiclass": (0.01, 0.02), "regression": (0.01, 0.02)}
_HELD = 0.2
_FEW_ROWS = 1_000
_SHARES = (0.3, 0.2, 0.25, 0.35, 0.4, 0.5)
_FOLDS = (3, 2)


@dataclass(frozen=True)
class SampledTable:
    """Sampled rows in the contract's types, and totals of all rows.

    Attributes:
        columns: the sample, without rows that have no target.
        rows: number of rows of the whole table.
        bad: share of rows that ingestion will reject.
    """

    columns: Columns
    rows: int
    bad: float


def usable(contract: Contract, columns: Columns) -> Columns:
    """Rows with a target and, if the contract has a time column, a time."""
    needed = [spec.name for spec in (contract.target, contract.time) if spec is not None]
    complete = np.all([~missing(columns[name]) for name in needed], axis=0)
    return take(columns, complete)


def adjust(
    settings: Settings, contract: Contract, table: Table, sampled_table: SampledTable
) -> tuple[Changes, list[str]]:
    """New values of settings, and warnings if none is suitable."""
    changes: Changes = {
        ("source",): table.address,
        ("query",): table.query,
        **{("csv", key): value for key, value in (table.csv or Csv()).model_dump().items()},
        **_margins(contract, sampled_table),
        ("monitoring", "min_labels"): int(np.clip(sampled_table.rows // 20, 30, 300)),
        ("challenge", "min_labels"): int(np.clip(sampled_table.rows // 10, 50, 500)),
    }
    limit = settings.ingestion.max_bad_share
    if sampled_table.bad > limit * 0.8:
        changes["ingestion", "max_bad_share"] = min(round(sampled_table.bad * 1.2 + 0.01, 2), 0.99)
    training = _workable(settings, contract, sampled_table)
    if training is None:
        return changes, ["too few rows to hold some out: training will fail"]
    return {**changes, **training}, []


def _margins(contract: Contract, sampled_table: SampledTable) -> Changes:
    gate, monitoring = _MARGINS[contract.problem]
    if contract.problem == "regression":
        deviation = float(np.std(sampled_table.columns[contract.target.name]))
        gate, monitoring = (float(f"{share * deviation:.2g}") for share in (gate, monitoring))
    return {("gate", "margin"): gate, ("monitoring", "performance_margin"): monitoring}


def _workable(
    settings: Settings, contract: Contract, sampled_table: SampledTable
) -> Changes | None:
    """The first split in which each part can be used for training or evaluation."""
    for training in _splits(contract, sampled_table):
        candidate = settings.training.model_copy(update=training)
        if _works(
            settings.model_copy(update={"training": candidate}), contract, sampled_table.columns
        ):
            return {
                ("training", key): format_duration(value) if key == "holdout" else value
                for key, value in training.items()
            }
    return None


def _splits(contract: Contract, sampled_table: SampledTable) -> Iterator[dict[str, Any]]:
    shares = _SHARES if sampled_table.rows < _FEW_ROWS else (_HELD, *_SHARES)
    if contract.time is None:
        for share, count in product(shares, _FOLDS):
            yield {"holdout_share": share, "folds": count}
        return
    times = sampled_table.columns[contract.time.name]
    for share, count in product(shares, _FOLDS):
        yield {"holdout": _last(times, share), "folds": count}


def _last(times: np.ndarray, share: float) -> timedelta:
    """The period of the last share of the rows, in whole days if possible."""
    ordered = np.sort(times)
    start = ordered[int(len(ordered) * (1 - share))]
    span: timedelta = (ordered[-1] - start).astype("timedelta64[us]").item()
    for unit in (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)):
        if span >= 2 * unit:
            return round(span / unit) * unit
    return max(timedelta(seconds=round(span.total_seconds())), timedelta(seconds=1))


def _works(settings: Settings, contract: Contract, columns: Columns) -> bool:
    if not length(columns):
        return False
    try:
        parts = split(contract, columns, settings)
        cuts = folds(contract, columns, settings, parts.train_idx)
    except SnapshotError:
        return False
    sides: list[Index] = [parts.holdout_idx, parts.train_idx]
    sides += [side for fold in cuts for side in (fold.fit_idx, fold.validation_idx)]
    labels = encode_target(contract, columns)
    return all(len(np.unique(labels[side])) > 1 for side in sides)
