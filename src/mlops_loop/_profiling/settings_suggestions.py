"""Settings that depend on the table: split and minimum numbers of rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np

from .._duration import format_duration
from .._settings import Csv, Settings
from ..contract._columns import Columns, length, missing, take
from ..contract._model import Contract
from ..data._split import Index, Moments, folds, split
from ..errors import SnapshotError
from ..evaluation._target import encode_target
from .loop_settings import LoopSetting, Path, RowRate, loop_settings
from .table import Table

Changes = dict[Path, Any]

_HELD = 0.2
_FEW_ROWS = 1_000
_SHARES = (0.3, 0.2, 0.25, 0.35, 0.4, 0.5)
_FOLDS = (3, 2)
_HOLDOUT = ("training", "holdout")
# Periods that a table has to cover, so that it teaches these parts of the event time.
_TAUGHT_IN = {"weekday": timedelta(days=14), "month": timedelta(days=365)}


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


@dataclass(frozen=True)
class Suggestions:
    """New values of settings.

    Attributes:
        changes: values by the path of their key.
        reasons: the arithmetic behind values, by path; defaults included.
        rate: how rows arrive, as text; empty without event times.
        warnings: sentences, if no value is suitable.
    """

    changes: Changes
    reasons: Mapping[Path, str]
    rate: str = ""
    warnings: tuple[str, ...] = ()


def suggest_settings(
    settings: Settings, contract: Contract, table: Table, sampled_table: SampledTable
) -> Suggestions:
    """New values of the settings that depend on the table."""
    times = None if contract.time is None else sampled_table.columns[contract.time.name]
    rate = None if times is None else RowRate.of(times, sampled_table.rows)
    loop = [] if rate is None else list(loop_settings(rate))
    calendar, reason = ([], "") if times is None else _calendar(times)
    csv = (table.csv or Csv()).model_dump(mode="json")
    changes: Changes = {
        ("source",): table.address,
        ("query",): table.query,
        **{("csv", key): value for key, value in csv.items()},
        ("features", "calendar"): calendar,
        ("monitoring", "min_labels"): int(np.clip(sampled_table.rows // 20, 30, 300)),
        ("challenge", "min_labels"): int(np.clip(sampled_table.rows // 10, 50, 500)),
        **{setting.path: setting.in_yaml for setting in loop},
    }
    reasons = {setting.path: setting.reason for setting in loop}
    if reason:
        reasons["features", "calendar"] = reason
    limit = settings.ingestion.max_bad_share
    if sampled_table.bad > limit * 0.8:
        changes["ingestion", "max_bad_share"] = min(round(sampled_table.bad * 1.2 + 0.01, 2), 0.99)
    training = _workable(settings, contract, sampled_table, loop)
    if training is None:
        doubt = "too few rows to hold some out: training will fail"
        return Suggestions(changes, reasons, str(rate or ""), (doubt,))
    if training.get(_HOLDOUT) != changes.get(_HOLDOUT):
        reasons[_HOLDOUT] = "as much of the table as can be held out"
    return Suggestions({**changes, **training}, reasons, str(rate or ""))


def _calendar(times: Moments) -> tuple[list[str], str]:
    """Parts of the event time that the table can teach, and why no others."""
    if not times.size:
        return [], ""
    span: timedelta = (times.max() - times.min()).astype("timedelta64[us]").item()
    hours = np.unique(times.astype("datetime64[h]").astype(np.int64) % 24)
    parts = ["hour"] if len(hours) > 1 else []
    parts += [part for part, needed in _TAUGHT_IN.items() if span >= needed]
    left_out = [] if len(hours) > 1 else ["hour (always the same)"]
    left_out += [
        f"{part} (needs {needed.days} days)" for part, needed in _TAUGHT_IN.items() if span < needed
    ]
    reason = "parts of the event time in UTC that are features"
    return parts, f"{reason}; left out: {', '.join(left_out)}" if left_out else reason


def _workable(
    settings: Settings, contract: Contract, sampled_table: SampledTable, loop: list[LoopSetting]
) -> Changes | None:
    """The first split in which each part can be used for training or evaluation."""
    for training in _splits(contract, sampled_table, loop):
        candidate = settings.training.model_copy(update=training)
        if _works(
            settings.model_copy(update={"training": candidate}), contract, sampled_table.columns
        ):
            return {
                ("training", key): format_duration(value) if key == "holdout" else value
                for key, value in training.items()
            }
    return None


def _splits(
    contract: Contract, sampled_table: SampledTable, loop: list[LoopSetting]
) -> Iterator[dict[str, Any]]:
    shares = _SHARES if sampled_table.rows < _FEW_ROWS else (_HELD, *_SHARES)
    if contract.time is None:
        for share, count in product(shares, _FOLDS):
            yield {"holdout_share": share, "folds": count}
        return
    times = sampled_table.columns[contract.time.name]
    if not times.size:
        return
    held = (setting.value for setting in loop if setting.path == _HOLDOUT)
    fitting = [period for period in held if isinstance(period, timedelta)]
    periods = [_last(times, share) for share in shares]
    # Of a short table no more is held out than the first share.
    periods = [min(period, periods[0]) for period in fitting] + periods
    for period, count in product(periods, _FOLDS):
        yield {"holdout": period, "folds": count}


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
