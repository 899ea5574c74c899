"""The prediction log in Redis: `redis://user:password@host:6379/0`, for any number of hosts.

Each process has one thread that sends what was submitted meanwhile as one transaction, so that the
server syncs once for all of it. Options may follow the address: `?name=…`, which the keys begin
with; `?password_file=…`, a file that holds the password; `?spool=var/spool`, a folder for records
while the server is unavailable; `?durability=best_effort`, for a server that does not sync before
it answers. `rediss://` is TLS: the server's certificate is verified with the system's authorities,
or with those in the file `?ssl_ca_certs=…`; `ssl_certfile` and `ssl_keyfile` are the client's own.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import redis

from ..errors import StoreError
from . import _early_labels as early_labels
from . import _redis_queries as queries
from ._protocol import PredictionLog
from ._records import Counts, Label, LabelReport, LoggedRow, Record
from ._redis_keys import LAYOUT, Keys, bounds, packed_label, packed_value, unpacked_label
from ._redis_scripts import APPEND, DROPPED, EARLY, ERASE, FOREIGN, JOINED, LABEL, PRUNE, REPLACED
from ._redis_server import RedisServer
from ._redis_writer import Call, RedisWriteBackend
from ._sampling import STRATA
from ._serialization import StoredLabel, label_to_stored, same_value, to_stored
from ._spool import SpooledLog
from ._spool_file import Spool, verify_spool
from ._timestamps import window
from ._versions import GroupFilter, group_of
from ._writer import CAPACITY, GroupCommitWriter

# Labels come in files of any length; predictions should not wait for all of one.
_LABELS_A_CALL = 1_000
_DELETED_A_CALL = 1_000


def open_log(
    address: str, root: Path, schema_digest: str | None = None, target_digest: str | None = None
) -> PredictionLog:
    """The log at `redis://HOST:PORT/DATABASE`."""
    server = RedisServer(address, root)
    open_store = partial(
        RedisPredictionLog, server, schema_digest=schema_digest, target_digest=target_digest
    )
    if server.spool is None:
        return open_store()
    return SpooledLog(open_store, Spool(Path(root) / server.spool))


def archive(address: str, root: Path) -> str | None:
    """Begin a new generation of keys, if this one holds something; where the old one is."""
    server = RedisServer(address, root)
    with server.translate_errors(), closing(server.connect()) as client:
        keys = current_keys(client, server.log_name)
        among = queries.groups(client, keys)
        held = queries.count(client, keys, among, *window(None, None)).predictions
        if not held and not client.exists(keys.loop):
            return None
        client.incr(f"{server.log_name}:generation")
        return f"the keys {keys.prefix.decode()}* of {server.name}"


def migrate(address: str, root: Path) -> str | None:
    """None: there is one layout of keys so far (see _redis_keys.py)."""
    return None


def verify(address: str, root: Path) -> str:
    """Redis checks its files only when it starts; what waits on this host is checked here."""
    server = RedisServer(address, root)
    if server.spool is not None:
        verify_spool(Path(root) / server.spool)
    return "Redis checks its append-only file when it starts"


class RedisPredictionLog:
    """A PredictionLog; see there for what each method promises."""

    def __init__(
        self,
        server: RedisServer,
        *,
        capacity: int = CAPACITY,
        schema_digest: str | None = None,
        target_digest: str | None = None,
    ) -> None:
        self._server = server
        self._schema_digest = schema_digest
        self._target_digest = target_digest
        self._client = server.connect()
        try:
            with server.translate_errors():
                self._keys = current_keys(self._client, server.log_name)
            backend = RedisWriteBackend(server, self._keys.prefix)
        except StoreError:
            self._client.close()
            raise
        self._writer = GroupCommitWriter(
            backend, capacity=capacity, acknowledged=server.acknowledged
        )

    def append(self, records: Sequence[Record]) -> Future[None]:
        arguments: list[str | bytes] = []
        for record in records:
            entity = "" if record.entity_key is None else f"={record.entity_key}"
            group = group_of(record)
            value = packed_value(to_stored(record), group)
            arguments += record.prediction_id, entity, group, value
        return self._writer.submit_write(Call(APPEND, arguments), rows=len(records))

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        packed = [label_to_stored(label) for label in labels]
        report = LabelReport()
        for start in range(0, len(packed), _LABELS_A_CALL):
            stop = start + _LABELS_A_CALL
            part = packed[start:stop]
            report += self._join(part)
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
        start, stop = window(since, until)
        with self._server.translate_errors():
            among = queries.groups(self._client, self._keys, self._wanted(version))
            return queries.sample(
                self._client, self._keys, among, start, stop, limit, labelled=labelled
            )

    def rows(
        self,
        since: datetime | None,
        until: datetime | None,
        *,
        labelled: bool = False,
        version: str | None = None,
    ) -> Iterator[LoggedRow]:
        start, stop = window(since, until)
        with self._server.translate_errors():
            among = queries.groups(self._client, self._keys, self._wanted(version))
            yield from queries.rows(self._client, self._keys, among, start, stop, labelled=labelled)

    def count(
        self, since: datetime | None, until: datetime | None, *, version: str | None = None
    ) -> Counts:
        start, stop = window(since, until)
        with self._server.translate_errors():
            among = queries.groups(self._client, self._keys, self._wanted(version))
            return queries.count(self._client, self._keys, among, start, stop)

    def totals(self) -> Counts:
        return self.count(None, None)

    def other_schemas(self) -> int:
        with self._server.translate_errors():
            everything = queries.groups(self._client, self._keys)
            every = queries.count(self._client, self._keys, everything, *window(None, None))
        return every.predictions - self.totals().predictions

    def get(self, prediction_id: str) -> LoggedRow | None:
        with self._server.translate_errors():
            return queries.get(self._client, self._keys, prediction_id.encode())

    def erase(self, entity_key: str) -> int:
        return self._delete(Call(ERASE, (entity_key, _DELETED_A_CALL)))

    def prune(self, until: datetime, *, beyond: datetime | None = None) -> int:
        start, stop = window(beyond, until)
        within = (bounds(start, stop).last, _DELETED_A_CALL, STRATA)
        later = () if beyond is None else (bounds(start + 1, stop).first, stop)
        return self._delete(Call(PRUNE, (*within, *later)))

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        self._writer.close()
        self._client.close()

    def _wanted(self, version: str | None) -> GroupFilter:
        return GroupFilter(version, self._schema_digest)

    def _delete(self, call: Call) -> int:
        """Call until nothing is left of what it deletes; how many predictions there were."""
        deleted = 0
        while found := self._writer.submit(call).result():
            deleted += int(found)
        # Until then the append-only file holds what was deleted. A server that rewrites it already,
        # or does not allow the command, will do so by itself.
        with self._server.translate_errors(), suppress(redis.ResponseError):
            if deleted:
                self._client.bgrewriteaof()
        return deleted

    def _join(self, labels: Sequence[StoredLabel]) -> LabelReport:
        arguments: list[str | bytes | int] = [
            self._target_digest or "",
            early_labels.expiry(max(label.time for label in labels)),
            early_labels.CAPACITY,
        ]
        for label in labels:
            arguments += label.prediction_id, packed_label(label)
        answers: list[Any] = self._writer.submit(Call(LABEL, arguments), rows=len(labels)).result()

        def answered(expected: int) -> tuple[str, ...]:
            pairs = zip(labels, answers, strict=True)
            return tuple(label.prediction_id for label, answer in pairs if answer == expected)

        known = [
            (
                label,
                unpacked_label(b"", answer.removeprefix(REPLACED)).value,
                answer[:1] == REPLACED,
            )
            for label, answer in zip(labels, answers, strict=True)
            if isinstance(answer, bytes)
        ]
        different = [
            (label.prediction_id, replaced)
            for label, first, replaced in known
            if not same_value(first, label.value)
        ]
        return LabelReport(
            joined=answers.count(JOINED),
            early=answers.count(EARLY),
            repeated=len(known) - len(different),
            conflicting=tuple(name for name, replaced in different if not replaced),
            other_target=answered(FOREIGN),
            replaced=tuple(name for name, replaced in different if replaced),
            dropped=answered(DROPPED),
        )


def current_keys(client: redis.Redis, name: str) -> Keys:
    """The generation of keys in use; StoreError if they have another layout."""
    layout: Any = client.get(f"{name}:layout")
    if layout is None:
        client.set(f"{name}:layout", LAYOUT, nx=True)
        layout = client.get(f"{name}:layout")
    generation: Any = client.get(f"{name}:generation")
    if int(layout) != LAYOUT:
        raise StoreError(
            f"its layout is number {int(layout)}, and this version of mlops-loop knows {LAYOUT}:"
            " update mlops-loop, or choose another `?name=…` in `prediction_log`"
        )
    return Keys(name, int(generation or 0))
