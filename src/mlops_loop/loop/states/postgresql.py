"""The loop's state and its lease in PostgreSQL: the one row of the table `loop`.

Whoever changes it locks the row first. It is as durable as a prediction: the server answers once it
has synced.
"""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from psycopg import sql

from ...prediction_log.postgresql_schema import migrate
from ...prediction_log.postgresql_server import PostgresqlServer
from ..leased_state import EncodedState, LeasedStateStore, StoredState, encode_state

Answer = TypeVar("Answer")


def open_state(address: str, root: Path, target_digest: str = "") -> LeasedStateStore:
    """The state beside the log at `postgresql://HOST:PORT/DATABASE`."""
    return LeasedStateStore(PostgresqlStateBackend(PostgresqlServer(address, root)), target_digest)


class PostgresqlStateBackend:
    def __init__(self, server: PostgresqlServer) -> None:
        self._server = server

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        table = sql.Identifier(self._server.schema, "loop")
        look = sql.SQL("SELECT state, revision, lease FROM {} FOR UPDATE").format(table)
        update = sql.SQL("UPDATE {} SET state = %s, revision = %s, lease = %s").format(table)
        with self._server.translate_errors(), closing(self._server.connect()) as connection:
            migrate(connection, self._server.schema, self._server.lock)
            with connection.transaction():
                found = EncodedState(*connection.execute(look).fetchall()[0]).decode()
                answer, stored = decide(found)
                if stored != found:
                    connection.execute(update, encode_state(stored))
                return answer
