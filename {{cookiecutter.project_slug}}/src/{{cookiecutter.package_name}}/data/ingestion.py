"""From sources to a snapshot: read, check, set bad rows aside, join, write."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from ..contract import Column, Contract
from ..contract.arrow import ARROW_TYPES, table_columns
from ..contract.reading import lacking, read_table
from ..errors import ContractError, SourceError
from ..prediction_log import PredictionLog
from ..settings import Settings
from .quarantine import quarantine_rows
from .replacing import replacing
from .snapshot import DIRECTORY, Origin, Snapshot, table_digest, write_snapshot
from .sources import Source, open_source
from .sources.prediction_log import LabelledLog
from .validation import Validated, validate

QUARANTINE = Path("var/quarantine")
_REASONS_NAMED = 3
# No column of a contract can have this name: YAML does not let a NUL through.
_POSITION = "\0position"


@dataclass(frozen=True)
class Ingested:
    """What became of the rows.

    Attributes:
        snapshot: what was written, or was there already.
        rows: rows in the snapshot.
        quarantined: rows set aside, in `quarantine_path`; None if there were none.
        duplicates: rows left out because a later one stands for the same thing.
        left_out: about so many labelled predictions were more than ingestion.max_logged_rows.
        warnings: rows used with a warning, by sentence.
    """

    snapshot: Snapshot
    rows: int
    quarantined: int
    duplicates: int
    warnings: dict[str, int] = field(default_factory=dict)
    quarantine_path: Path | None = None
    left_out: int = 0

    def sentence(self) -> str:
        parts = [f"{self.rows} rows in snapshot {self.snapshot.digest}"]
        if self.quarantined:
            parts.append(f"{self.quarantined} bad rows in {self.quarantine_path}")
        if self.duplicates:
            parts.append(f"{self.duplicates} duplicates left out")
        if self.left_out:
            parts.append(f"about {self.left_out} predictions beyond max_logged_rows left out")
        parts += [f"warning: {text} ({rows})" for text, rows in self.warnings.items()]
        return "; ".join(parts)


@dataclass(frozen=True)
class _Part:
    origin: str
    raw: pa.Table
    validated: Validated


def ingest(
    settings: Settings,
    contract: Contract,
    *,
    source: str | None = None,
    log: PredictionLog | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Ingested:
    """Make the base source and the labelled predictions into one snapshot.

    Of several rows with one id the last counts, and rows of the log come last: they hold what
    was known when the prediction was made. Without an id column, rows of the source are events of
    their own, even if they are equal, and a row of the log that equals one of them is left out.

    Args:
        settings: where the base source is, and how many bad rows are bearable.
        contract: what a good row is.
        source: address of the base source, if it is not that of the settings.
        log: the prediction log; None leaves it out.
        since: the first event time that is taken, for training on a window of the past.
        until: the cut-off in event time, excluded.

    Raises:
        SourceError: if the source cannot be read, or has no rows before the cut-off.
        ContractError: if too many rows are bad; nothing is written then.
    """
    sources: list[Source] = [open_source(source or settings.source, settings)]
    left_out = 0
    if log is not None:
        logged = LabelledLog(log, limit=settings.ingestion.max_logged_rows)
        sources.append(logged)
        available = logged.available(contract, since=since, until=until)
        left_out = max(0, available - settings.ingestion.max_logged_rows)
    parts = [_read(one, contract, since, until) for one in sources]
    total = sum(part.raw.num_rows for part in parts)
    if total == 0:
        raise SourceError(f"{sources[0].address} has no rows{_before(until)}")
    bad = total - sum(int(part.validated.accepted.sum()) for part in parts)
    if bad > settings.ingestion.max_bad_share * total:
        raise ContractError(_too_many(parts, bad, total, settings))
    accepted = [_accepted(part) for part in parts]
    joined = pa.concat_tables(accepted)
    table = _in_order(contract, _distinct(contract, joined, accepted[0].num_rows))
    if table.num_rows == 0:
        raise SourceError(f"{sources[0].address} has no good rows{_before(until)}")
    quarantine_path = _set_aside(parts, settings.path(QUARANTINE)) if bad else None
    warnings = _counts(parts, "warn")
    moment = None if until is None else until.isoformat()
    origin = Origin(sources[0].address, contract.digest, moment, warnings)
    snapshot = write_snapshot(table, settings.path(DIRECTORY), origin)
    duplicates = joined.num_rows - table.num_rows
    return Ingested(snapshot, table.num_rows, bad, duplicates, warnings, quarantine_path, left_out)


def _read(
    source: Source, contract: Contract, since: datetime | None, until: datetime | None
) -> _Part:
    raw = source.read(contract, since=since, until=until)
    absent = lacking(table_columns(contract), raw.column_names)
    if absent:
        raise SourceError(f"{source.address} lacks {', '.join(absent)}: see config/contract.yaml")
    if contract.time is not None:
        for compare, moment in ((pc.greater_equal, since), (pc.less, until)):
            raw = raw if moment is None else _kept(contract.time, raw, compare, moment)
    return _Part(source.address, raw, validate(contract, raw))


def _kept(time: Column, raw: pa.Table, compare: Callable[..., Any], moment: datetime) -> pa.Table:
    """Rows on one side; one whose time cannot be read stays, so that it is refused by name."""
    times = read_table([time], raw).table[time.name]
    kept = pc.fill_null(compare(times, pa.scalar(moment, ARROW_TYPES["datetime"])), True)
    return raw if pc.all(kept).as_py() else raw.filter(kept)


def _accepted(part: _Part) -> pa.Table:
    accepted = part.validated.accepted
    table = part.validated.table
    return table if accepted.all() else table.filter(pa.array(accepted))


def _distinct(contract: Contract, table: pa.Table, from_source: int) -> pa.Table:
    """One row of each id; without ids, rows of the source and what else there is only once."""
    if contract.id is None and table.num_rows == from_source:
        return table
    keys = [contract.id.name] if contract.id is not None else table.column_names
    numbered = table.append_column(_POSITION, pa.array(np.arange(table.num_rows)))
    kept = "max" if contract.id is not None else "min"
    chosen = numbered.group_by(keys).aggregate([(_POSITION, kept)])[f"{_POSITION}_{kept}"]
    if contract.id is None:
        positions = chosen.to_numpy()
        chosen = pa.array(np.r_[np.arange(from_source), positions[positions >= from_source]])
    return table if len(chosen) == table.num_rows else table.take(chosen.sort())


def _in_order(contract: Contract, table: pa.Table) -> pa.Table:
    """By time, then id, so that the order of files and of arrival changes no digest."""
    keys = [column.name for column in (contract.time, contract.id) if column is not None]
    return table.sort_by([(name, "ascending") for name in keys]) if keys else table


def _set_aside(parts: list[_Part], directory: Path) -> Path:
    tables = []
    for part in parts:
        reasons = part.validated.reasons()
        rows, texts = reasons.index.to_list(), reasons.to_list()
        tables.append(quarantine_rows(part.raw, rows, texts, origin=part.origin))
    table = pa.concat_tables(tables, promote_options="default")
    path = directory / f"{table_digest(table)}.parquet"
    with replacing(path) as draft:
        pyarrow.parquet.write_table(table, draft)
    return path


def _counts(parts: list[_Part], action: str) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for part in parts:
        counted.update(part.validated.counts(action))
        if action == "warn":
            absent = set(part.validated.table.column_names) - set(part.raw.column_names)
            for name in sorted(absent):
                counted[f"{name} is no column of {part.origin}"] += part.raw.num_rows
    return dict(counted.most_common())


def _too_many(parts: list[_Part], bad: int, total: int, settings: Settings) -> str:
    reasons = list(_counts(parts, "refuse").items())
    named = ", ".join(f"{text} ({rows})" for text, rows in reasons[:_REASONS_NAMED])
    more = len(reasons) - _REASONS_NAMED
    return (
        f"{bad} of {total} rows break the contract: {named}"
        f"{f' and {more} more reasons' if more > 0 else ''}; more than ingestion.max_bad_share "
        f"({settings.ingestion.max_bad_share:.0%}) allows, so nothing was written: mend the "
        "data, or config/contract.yaml"
    )


def _before(until: datetime | None) -> str:
    return "" if until is None else f" before {until.isoformat()}"
