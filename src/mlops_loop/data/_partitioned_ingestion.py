"""Ingestion of files on an engine: workers check partitions, the driver collects them in order."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from .._file_lock import sole_process
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
from ._remote import File
from ._row_check import BATCH_ROWS, RowCheck, RowCounts
from ._sources import Source
from ._sources.file import FileSource, check_files
from ._sources.file_discovery import find_files
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
    if settings.engine == "local" or not any(isinstance(each, FileSource) for each in sources):
        for source in sources:
            collector.take(source)
        return
    with _folder(settings.paths.ingestion) as folder, open_engine(settings.engine) as engine:
        for number, source in enumerate(sources):
            if isinstance(source, FileSource):
                _take(engine, collector, source, contract, folder / str(number))
            else:
                collector.take(source)


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """The folder for results, locked; it stays only if the engine stops, or this process does.

    Raises:
        InputError: if another process ingests on an engine.
    """
    otherwise = "another process ingests on an engine in this project: wait for it"
    with sole_process(path, otherwise):
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
    files = find_files(source.location, source.root)
    check_files(files, columns, source.csv)
    partitions = file_partitions(files)
    check = collector.check(source)
    results = PartitionResults.of(folder.absolute(), _identity(check, source, files, partitions))
    function = PartitionCheck(check, PartitionReader.of(files, columns, source.csv), results)
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
    check: RowCheck, source: FileSource, files: Sequence[File], partitions: Sequence[Partition]
) -> str:
    """Differs if files, contract or options do."""
    state = [file_state(file) for file in files]
    layout = [(str(each.file), each.row_groups) for each in partitions]
    interval = [check.since, check.until]
    parts = [state, layout, check.contract.digest, source.csv.model_dump(), interval]
    return msgspec.json.encode(parts).decode()


def _rejected(number: int) -> str:
    return f"rejected-{number}.arrow"
