"""What every prediction log promises, whichever store is behind it."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Literal, Protocol

from .records import Counts, Label, LabelReport, LoggedRow, Record


class PredictionLog(Protocol):
    """Predictions and their outcomes, kept by prediction id. Safe to use from many threads.

    A window is [since, until) in event time, exact to the microsecond; None leaves a side open.
    A log that was opened for a schema answers about rows of that schema alone, but for `get`,
    `erase` and `prune`. Times without a zone are an InputError. What the store refuses is a
    StoreError that names the store and the next step; after one, the same call may simply be made
    again.
    """

    def append(self, records: Sequence[Record]) -> Future[None]:
        """Keep records; the future is done when they are durable, all of them or none.

        A record whose id is known is left as it was, so that appending twice does no harm. The
        future fails with StoreError if the store refuses or more waits than it may hold. What
        was taken is written even if nobody waits for it. Values JSON cannot hold are an
        InputError at once. To append nothing finds out whether the store would take something.
        """

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        """Keep labels durably, whether their prediction is there yet or not.

        The first label of an id stays. Equal ones are counted as repeated, others are reported
        as conflicting.
        """

    def sample(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        *,
        labelled: Literal[True] | None = None,
        version: str | None = None,
    ) -> list[LoggedRow]:
        """At most `limit` rows of a window, drawn uniformly; of those with a label if `labelled`.

        With a version, of the rows that it answered, served or in shadow. Fewer only if the window
        holds fewer. The same rows give the same sample in every store. They come in the order of
        their random key: each prefix is a uniform sample as well. The time it takes depends on
        `limit`, not on the rows of the log or of the window.
        """

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: Literal[True] | None = None,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        """Every row of a window in the order of event time, in memory that stays flat.

        With a version, those that it answered; days on which it answered none take no time.
        """

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        """How many predictions of a window there are, and how many with a label; both exact.

        With a version, of the rows that it answered, served or in shadow.
        """

    def totals(self) -> Counts:
        """The same over the whole log."""

    def other_schemas(self) -> int:
        """How many predictions `totals` leaves out because they are of another schema."""

    def get(self, prediction_id: str) -> LoggedRow | None:
        """One row, None if there is none of that id."""

    def erase(self, entity_key: str) -> int:
        """Delete all records of one entity with their labels; how many records there were."""

    def prune(self, until: datetime) -> int:
        """Delete all records of before, in event time, with their labels; how many there were.

        Labels that wait for their prediction stay. Others may append meanwhile.
        """

    def backlog(self) -> int:
        """How many predictions and labels wait on this host until the store is there again."""

    def close(self) -> None:
        """Write what was taken and let go of the store; may be called twice."""
