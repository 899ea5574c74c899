"""The prediction log on a SQL database."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any

from ...errors import StoreUnavailableError
from .._records import Counts, Label, LabelReport, LoggedRow, Record
from .._sampling import sampling_key, stratum
from .._serialization import label_to_stored, to_stored
from .._timestamps import to_microseconds, window
from .._versions import GroupFilter, group_of
from .._writer import CAPACITY, GroupCommitWriter
from . import changes, queries
from .database import Database, Row
from .identifiers import to_text
from .writer import Append, SqlWriteBackend

_PAGE = 1_000
# Labels come in files of any length; predictions should not wait for all of one.
_LABELS_A_JOB = 1_000
_LABELS_SECONDS = 10.0


class SqlPredictionLog:
    """A PredictionLog; see there for what each method promises."""

    def __init__(
        self,
        database: Database,
        *,
        capacity: int = CAPACITY,
        schema_digest: str | None = None,
        target_digest: str | None = None,
    ) -> None:
        self._database = database
        self._schema_digest = schema_digest
        self._target_digest = target_digest
        self._writer = GroupCommitWriter(
            SqlWriteBackend(database), capacity=capacity, acknowledged=database.acknowledged
        )

    def append(self, records: Sequence[Record]) -> Future[None]:
        return self._writer.submit_write(Append([*map(_row, records)]), rows=len(records))

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        stored = [label_to_stored(label) for label in labels]
        report = LabelReport()
        for start in range(0, len(stored), _LABELS_A_JOB):
            part = stored[start : start + _LABELS_A_JOB]
            join = partial(changes.join_labels, labels=part, target_digest=self._target_digest)
            report += self._change(join, rows=len(part), seconds=_LABELS_SECONDS)
        return report

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> list[LoggedRow]:
        wanted = self._wanted(version)
        with self._database.reading() as connection:
            return queries.sample(
                connection, *window(since, until), limit, labelled=labelled, wanted=wanted
            )

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        with self._database.reading() as connection:
            answered = queries.answered(connection, *window(since, until), self._wanted(version))
        for start, stop, groups in answered:
            after: queries.Position | None = queries.Position(start)
            while after is not None:
                # Each page has a read of its own: a long one would keep old rows from being purged.
                with self._database.reading() as connection:
                    page, after = queries.page(
                        connection, after, stop, _PAGE, labelled=labelled, groups=groups
                    )
                yield from page

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        with self._database.reading() as connection:
            return queries.count(connection, *window(since, until), self._wanted(version))

    def totals(self) -> Counts:
        with self._database.reading() as connection:
            return queries.totals(connection, self._wanted())

    def other_schemas(self) -> int:
        with self._database.reading() as connection:
            every, own = queries.totals(connection), queries.totals(connection, self._wanted())
        return every.predictions - own.predictions

    def get(self, prediction_id: str) -> LoggedRow | None:
        with self._database.reading() as connection:
            return queries.get(connection, prediction_id)

    def erase(self, entity_key: str) -> int:
        erased: int = self._change(partial(changes.erase, entity_key=entity_key))
        self._database.purge()
        return erased

    def prune(self, until: datetime, *, beyond: datetime | None = None) -> int:
        _, stop = window(None, until)
        later = None if beyond is None else to_microseconds(beyond)
        pruned = 0
        while deleted := self._change(partial(changes.prune, stop=stop, later=later)):
            pruned += deleted
        self._change(partial(changes.delete_empty_counters, stop=stop, later=later))
        self._database.purge()
        return pruned

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self._writer.close()
        self._database.close()

    def _wanted(self, version: str | None = None) -> GroupFilter:
        return GroupFilter(version, self._schema_digest)

    def _change(self, change: Any, rows: int = 1, seconds: float | None = None) -> Any:
        try:
            return self._writer.submit(change, rows=rows).result(seconds)
        except TimeoutError as error:
            reason = f"{self._database.name}: it has not answered within {seconds:g} s"
            raise StoreUnavailableError(reason) from error


def _row(record: Record) -> Row:
    stored = to_stored(record)
    key = sampling_key(record.prediction_id)
    entity = None if stored.entity_key is None else to_text(stored.entity_key)
    rest = stored[2:]
    return (to_text(stored.prediction_id), entity, *rest, key, stratum(key), group_of(record))
