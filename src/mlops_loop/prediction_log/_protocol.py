"""What every prediction log promises, whatever its store."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from ._records import Counts, Label, LabelReport, LoggedRow, Record


class PredictionLog(Protocol):
    """Predictions and their labels, by prediction id. Safe to use from many threads.

    A window is [since, until) in event time, exact to the microsecond; None leaves a side open.
    A log that was opened for a schema reads rows of that schema only, except in `get`, `erase` and
    `prune`.

    Every method raises InputError for times without a zone, StoreUnavailableError if the store
    cannot be reached, and StoreError if it cannot do what is asked; the message names the store
    and the next step. After a StoreError the same call may be repeated.
    """

    def append(self, records: Sequence[Record]) -> Future[None]:
        """Store records; the future is done when they are durable, all of them or none.

        A record whose id is known is left as it was, so that appending twice is harmless. The
        future fails with StoreError if the store rejects the records, or too many are waiting.
        Records that were accepted are written whether the caller waits or not. Appending no
        records checks whether the store accepts writes.

        Raises:
            InputError: at once, for values that JSON cannot hold.
        """

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        """Store labels durably, also those that come before their prediction.

        The first label of an id stays, except that an official one replaces, and records, one that
        is not. Equal ones are counted as repeated, others are reported as conflicting. A log that
        was opened for a target stores no label of a prediction about another one, and reports its
        id. Labels that wait for their prediction are bounded in number, and expire (see
        `_early_labels.py`).
        """

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> list[LoggedRow]:
        """At most `limit` rows of a window, drawn uniformly; of those with a label if `labelled`.

        With a version, only rows that it predicted, served or in shadow. Fewer than `limit` only if
        the window has fewer. The same rows give the same sample in every store. They are in the
        order of their sampling key: each prefix is a uniform sample as well. The time it takes
        depends on `limit`, not on the number of rows in the log or the window.
        """

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        """Every row of a window in the order of event time, in memory that stays flat.

        With a version, those that it predicted; days without any of them take no time.
        """

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        """How many predictions of a window there are, and how many with a label; both exact.

        With a version, of the rows that it predicted, served or in shadow.
        """

    def totals(self) -> Counts:
        """The same over the whole log."""

    def other_schemas(self) -> int:
        """How many predictions are left out of `totals` because they have another schema."""

    def get(self, prediction_id: str) -> LoggedRow | None:
        """One row, None if the id is unknown."""

    def erase(self, entity_key: str) -> int:
        """Delete all records of one entity with their labels; the number of records."""

    def prune(self, until: datetime, *, beyond: datetime | None = None) -> int:
        """Delete all records before a time, in event time, with their labels; their number.

        With `beyond`, also those whose event time is later than that, if they arrived before
        `until`: they are no events of the near future, and would stay for ever.

        Labels that wait for their prediction stay. Other processes may append meanwhile.
        """

    def backlog(self) -> int:
        """How many predictions and labels wait on this host until the store is available again."""

    def close(self) -> None:
        """Write what was accepted and close the store; may be called twice."""
