"""The loop's state and its lease in PostgreSQL: the one row of the table `loop`.

Whoever changes it locks the row first. It is as durable as a prediction: the server answers once it
has synced.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from psycopg import sql

from ...prediction_log.postgresql_schema import migrate
from ...prediction_log.postgresql_server import PostgresqlServer
from ..state import Lease, State, granted

Answer = TypeVar("Answer")
Change = dict[str, Any]  # columns of the row


def open_state(address: str, root: Path) -> "PostgresqlStateStore":
    """The state beside the log at `postgresql://HOST:PORT/DATABASE`."""
    return PostgresqlStateStore(PostgresqlServer(address, root))


class _Kept(NamedTuple):
    """What the row holds."""

    state: State
    revision: int
    lease: Lease | None


class PostgresqlStateStore:
    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server

    def load(self) -> tuple[State, int]:
        def read(kept: _Kept) -> tuple[tuple[State, int], Change]:
            return (kept.state, kept.revision), {}

        return self._change(read)

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        def write(kept: _Kept) -> tuple[bool, Change]:
            if fence is not None and (kept.lease is None or kept.lease.fence != fence):
                return False, {}
            if kept.revision != revision:
                return False, {}
            return True, {"state": msgspec.json.encode(state), "revision": revision + 1}

        return self._change(write)

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        def take(kept: _Kept) -> tuple[Lease, Change]:
            lease = granted(kept.lease, holder, now, until, fence)
            return lease, {} if lease == kept.lease else {"lease": msgspec.json.encode(lease)}

        return self._change(take)

    def release(self, lease: Lease) -> None:
        def let_go(kept: _Kept) -> tuple[None, Change]:
            if kept.lease is None or kept.lease.fence != lease.fence:
                return None, {}
            return None, {"lease": msgspec.json.encode(kept.lease.free())}

        self._change(let_go)

    def _change(self, decide: Callable[[_Kept], tuple[Answer, Change]]) -> Answer:
        """Write what `decide` makes of what there is, while nobody else can."""
        table = sql.Identifier(self._server.schema, "loop")
        look = sql.SQL("SELECT state, revision, lease FROM {} FOR UPDATE").format(table)
        with self._server.explained(), closing(self._server.connect()) as connection:
            migrate(connection, self._server.schema, self._server.lock)
            with connection.transaction():
                answer, change = decide(_read(*connection.execute(look).fetchall()[0]))
                for column, value in change.items():
                    update = sql.SQL("UPDATE {} SET {} = %s").format(table, sql.Identifier(column))
                    connection.execute(update, (value,))
                return answer


def _read(state: bytes | None, revision: int, lease: bytes | None) -> _Kept:
    return _Kept(
        state=msgspec.json.decode(state, type=State) if state else State(),
        revision=revision,
        lease=msgspec.json.decode(lease, type=Lease) if lease else None,
    )
