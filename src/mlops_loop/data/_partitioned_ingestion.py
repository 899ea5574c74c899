"""Ingestion of files on an engine: workers check partitions, the driver collects them in order."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from .._atomic import make_folder
from .._file_lock import LockedError, file_lock
from .._partition_results import PartitionResults, write_numbers
from .._settings import Settings
from ..contract import Contract
from ..contract._arrow import arrow_schema, table_columns
from ..contract._column_definition import Action
from ..engines import Engine, open_engine
from ..errors import EngineError
from ._arrow_files import arrow_tables, arrow_writer
from ._collector import RowCollector
from ._prefetch import prefetch
from ._quarantine import shifted
from ._regrouping import regrouped
from ._row_check import BATCH_ROWS, RowCheck, RowCounts
from ._sources import Source
from ._sources.file import FileSource, check_files
from ._sources.file_discovery import FoundFiles, find
from ._sources.file_partitions import Partition, PartitionReader, file_partitions
from ._sources.file_state import file_state

ACCEPTED = "accepted.arrow"


class Part(msgspec.Struct, frozen=True):
    """Numbers of a partition; see `RowCounts`. `rejected` is the number of files of such rows."""

    read: int
    rows: int
    names: list[str]
    messages: dict[Action, dict[str, int]]
    rejected: int

    @classmethod
    def of(cls, counts: RowCounts, rejected: int) -> "Part":
        messages = {action: dict(rows) for action, rows in counts.messages.items()}
        return cls(counts.read, counts.rows, sorted(counts.names), messages, rejected)

    @property
    def counts(self) -> RowCounts:
        messages = {action: Counter(rows) for action, rows in self.messages.items()}
        return RowCounts(self.read, self.rows, set(self.names), messages)


@dataclass(frozen=True)
class PartitionCheck:
    """Checks one partition, on a worker."""

    check: RowCheck
    reader: PartitionReader
    results: PartitionResults

    def __call__(self, numbered: tuple[int, Partition]) -> None:
        number, partition = numbered
        counts, rejected = RowCounts(), 0
        schema = arrow_schema(self.check.contract)
        with self.results.draft(number) as folder:
            with arrow_writer(folder / ACCEPTED, schema) as accepted:
                tables = regrouped(self.reader.batches(partition), BATCH_ROWS)
                with closing(prefetch(tables)) as coming:
                    for raw in coming:
                        checked = self.check.check(raw, counts.read)
                        counts.add(checked.counts)
                        if checked.accepted is not None:
                            accepted.write_table(checked.accepted)
                        if checked.rejected is not None:
                            bad = checked.rejected
                            with arrow_writer(folder / _rejected(rejected), bad.schema) as file:
                                file.write_table(bad)
                            rejected += 1
            write_numbers(folder, Part.of(counts, rejected))


def collect(
    collector: RowCollector, sources: Sequence[Source], settings: Settings, contract: Contract
) -> None:
    """Collect the rows of all sources, those of files on the engine of the settings.

    Raises:
        SourceError: if a source cannot be read, or lacks a column.
        EngineError: if the engine cannot be reached, or stops; checked partitions are kept.
    """
    if settings.engine == "local" or not any(map(is_divided, sources)):
        for source in sources:
            collector.take(source)
        return
    with (
        _alone(settings.paths.ingestion_lock),
        _folder(settings.paths.ingestion) as folder,
        open_engine(settings.engine) as engine,
    ):
        for number, source in enumerate(sources):
            if isinstance(source, FileSource):
                _take(engine, collector, source, contract, folder / str(number))
            else:
                collector.take(source)


def is_divided(source: Source) -> bool:
    """Whether an engine reads a source, and not this process."""
    return isinstance(source, FileSource)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold the lock; another process that ingests on an engine is waited for."""
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(lock, seconds=0))
        except LockedError:
            structlog.get_logger().warning("waiting for another process that ingests on an engine")
            stack.enter_context(file_lock(lock, seconds=-1))
        yield


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """The folder for results; it stays only if the engine stops, or this process does."""
    make_folder(path)
    try:
        yield path
    except EngineError:
        raise
    except Exception:
        shutil.rmtree(path, ignore_errors=True)
        raise
    shutil.rmtree(path, ignore_errors=True)


def _take(
    engine: Engine, collector: RowCollector, source: FileSource, contract: Contract, folder: Path
) -> None:
    columns = table_columns(contract)
    found = find(source.location, source.root)
    check_files(found.files, columns, source.csv, found.root)
    partitions = file_partitions(found.files)
    check = collector.check(source)
    results = PartitionResults.of(folder.absolute(), _identity(check, source, found, partitions))
    reader = PartitionReader.of(found.files, columns, source.csv, root=found.root)
    function = PartitionCheck(check, reader, results)
    taken = 0
    with closing(results.complete(engine, function, partitions)) as numbers:
        for number, _ in numbers:
            path = results.path(number)
            part = results.numbers(number, Part)
            collector.count(part.counts)
            for table in arrow_tables(path / ACCEPTED):
                collector.accept(table)
            for at in range(part.rejected):
                for table in arrow_tables(path / _rejected(at)):
                    collector.quarantine.add(shifted(table, taken))
            taken += part.read


def _identity(
    check: RowCheck, source: FileSource, found: FoundFiles, partitions: Sequence[Partition]
) -> str:
    """Differs if files, contract or options do."""
    state = [str(found.root), *map(file_state, found.files)]
    layout = [(str(each.file), each.row_groups) for each in partitions]
    interval = [check.since, check.until]
    parts = [state, layout, check.contract.digest, source.csv.model_dump(), interval]
    return msgspec.json.encode(parts).decode()


def _rejected(number: int) -> str:
    return f"rejected-{number}.arrow"
