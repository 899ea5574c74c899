"""Ingestion: from sources to a snapshot, in batches and bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from .._references import SnapshotRef
from .._settings import Settings
from .._work_folder import work_folder
from ..contract import Contract
from ..contract._arrow import numbers
from ..errors import ContractError, SourceError
from ..prediction_log import PredictionLog
from ..prediction_log._none import keeps_nothing
from ._collector import POSITION, RowCollector
from ._deduplication import find_duplicates
from ._partitioned_ingestion import collect, is_divided
from ._snapshot import Origin, Snapshot, write_snapshot
from ._sources import Source, open_source
from ._sources.prediction_log import LabelledLog

if TYPE_CHECKING:
    from .._project import Project

_REASONS_NAMED = 3


@dataclass(frozen=True)
class Ingested:
    """The result of an ingestion: numbers of rows, and the snapshot.

    Attributes:
        snapshot: the snapshot, which may have existed.
        rows: rows in the snapshot.
        quarantined: number of rejected rows, in `quarantine_path`; None if there are none.
        duplicates: number of rows replaced by a later one.
        left_out: approximate number of labelled predictions beyond ingestion.max_logged_rows.
        other_schemas: number of logged predictions with another target or other inputs.
        warnings: number of rows used with a warning, by message.
    """

    snapshot: Snapshot
    rows: int
    quarantined: int
    duplicates: int
    warnings: dict[str, int] = field(default_factory=dict)
    quarantine_path: Path | None = None
    left_out: int = 0
    other_schemas: int = 0

    def summary(self) -> str:
        parts = [f"{self.rows} rows in snapshot {self.snapshot.digest}"]
        if self.quarantined:
            parts.append(f"{self.quarantined} rejected rows in {self.quarantine_path}")
        if self.duplicates:
            parts.append(f"{self.duplicates} duplicates left out")
        if self.left_out:
            parts.append(f"about {self.left_out} predictions beyond max_logged_rows left out")
        if self.other_schemas:
            parts.append(
                f"{self.other_schemas} logged predictions of another target or other inputs left"
                " out"
            )
        parts += [f"warning: {text} ({rows})" for text, rows in self.warnings.items()]
        return "; ".join(parts)


def ingest(
    settings: Settings,
    contract: Contract,
    *,
    source: str | None = None,
    sources: Sequence[Source] = (),
    log: PredictionLog | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Ingested:
    """Validate the base source and the labelled predictions, and write one snapshot.

    Of several rows with one id the last is used, and rows of the log come last: they hold what
    was known at the time of the prediction. Without an id column, equal rows of the source are
    separate events, and a row of the log that equals one of them is left out.

    Args:
        settings: address of the base source, engine, and limit of rejected rows.
        contract: types and constraints of the columns.
        source: address of the base source, by default that of the settings.
        sources: read instead of the base source, if given.
        log: the prediction log; None leaves it out.
        since: the first event time.
        until: end of the event times, excluded.

    Raises:
        SourceError: if the source cannot be read, has no rows before the cut-off, or no file of it
            has a column of the contract, which may be nullable.
        ContractError: if too many rows are bad; nothing is written then.
    """
    sources = sources or [open_source(source or settings.source, settings)]
    address = " + ".join(item.address for item in sources)
    left_out = other_schemas = 0
    logged: LabelledLog | None = None
    if log is not None and not keeps_nothing(log):
        logged = LabelledLog(log, limit=settings.ingestion.max_logged_rows)
        other_schemas = log.other_schemas()
        available = logged.available(contract, since=since, until=until)
        left_out = max(0, available - settings.ingestion.max_logged_rows)
    with work_folder(settings.paths.var, ".ingest-") as folder:
        collector = RowCollector(contract, folder, since, until)
        collect(collector, sources, settings, contract)
        from_sources = collector.sorter.rows
        if logged is not None:
            collector.take(logged)
        if collector.missing:
            raise SourceError(
                f"{address} has no column {', '.join(collector.missing)}: correct the name in "
                "config/contract.yaml, or add the column to the data (it may be empty)"
            )
        _refuse(collector, settings, f"{address} has no", _before(until))
        moment = None if until is None else until.isoformat()
        warnings = collector.counts("warn")
        origin = Origin(address, contract.digest, moment, warnings, contract.schema_digest)
        quarantine_path = None
        if collector.bad:
            quarantine_path = collector.quarantine.write(settings.paths.quarantine)
        rows = _distinct(contract, collector, from_sources, folder)
        snapshot = write_snapshot(rows, settings.paths.snapshots, origin)
    duplicates = collector.sorter.rows - snapshot.rows
    return Ingested(
        snapshot,
        snapshot.rows,
        collector.bad,
        duplicates,
        warnings,
        quarantine_path,
        left_out,
        other_schemas,
    )


def ingest_sources(
    project: "Project",
    sources: Sequence[Source],
    *,
    log: PredictionLog | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> SnapshotRef:
    """Validate rows of sources and labelled predictions, and write them as one snapshot.

    Rows that violate the contract are quarantined with their reasons.

    Args:
        project: the project, with contract and settings.
        sources: results of `open_source`, or your own (`mlops_loop.data.Source`).
        log: the prediction log, usually `project.log`; None leaves it out.
        since: the first event time.
        until: end of the event times, excluded.

    Raises:
        SourceError: if a source cannot be read, or has no rows in the interval.
        ContractError: if more than `ingestion.max_bad_share` of the rows are rejected; the last
            snapshot then stays in force.

    Examples:
        A source is an address and a function that yields Arrow tables:

        >>> class Warehouse:
        ...     address = "the warehouse"
        ...
        ...     def tables(self, contract, *, since=None, until=None):
        ...         yield parcels.slice(0, 500)
        >>> ingest_sources(project, [Warehouse()]).rows
        500
    """
    engine = project.settings.engine
    if engine != "local" and not any(map(is_divided, sources)):
        addresses = " + ".join(source.address for source in sources)
        project.context.on_stage(
            f"{addresses} is read by this process: only files are divided among the workers of "
            f"{engine}"
        )
    ingested = ingest(
        project.settings,
        project.contract,
        sources=sources,
        log=log,
        since=since,
        until=until,
    )
    project.context.on_stage(ingested.summary())
    return SnapshotRef.of(ingested.snapshot)


def _refuse(collector: RowCollector, settings: Settings, lacks: str, before: str) -> None:
    """Raise unless there are accepted rows, and few rejected ones."""
    if not collector.rows:
        raise SourceError(f"{lacks} rows{before}")
    if collector.bad > settings.ingestion.max_bad_share * collector.rows:
        raise ContractError(_too_many(collector, settings))
    if not collector.sorter.rows:
        raise SourceError(f"{lacks} good rows{before}")


def _distinct(
    contract: Contract, collector: RowCollector, from_sources: int, folder: Path
) -> Iterator[pa.Table]:
    """In order, one row of each id; without ids, all rows of the source and new ones of the log."""
    sorter, dropped = collector.sorter, None
    if contract.id is not None:
        dropped = find_duplicates(sorter, [contract.id.name], POSITION, "max", folder)
    elif sorter.rows > from_sources:
        dropped = find_duplicates(sorter, collector.names, POSITION, "min", folder)
        dropped[:from_sources] = False
    for table in sorter.in_order():
        if dropped is not None and dropped.any():
            table = table.filter(pa.array(~dropped[numbers(table[POSITION])]))
        yield table.drop_columns([POSITION])


def _too_many(collector: RowCollector, settings: Settings) -> str:
    bad, total = collector.bad, collector.rows
    reasons = list(collector.counts("reject").items())
    named = ", ".join(f"{text} ({rows})" for text, rows in reasons[:_REASONS_NAMED])
    more = len(reasons) - _REASONS_NAMED
    return (
        f"{bad} of {total} rows violate the contract: {named}"
        f"{f' and {more} more reasons' if more > 0 else ''}; more than ingestion.max_bad_share "
        f"({settings.ingestion.max_bad_share:.0%}) allows, so nothing was written: fix the "
        "data, or config/contract.yaml; `contract check FILE` lists lines and values"
    )


def _before(until: datetime | None) -> str:
    return "" if until is None else f" before {until.isoformat()}"
