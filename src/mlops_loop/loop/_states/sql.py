"""The loop's state and its lease in SQLite or PostgreSQL: the one row of the table `loop`.

Each change is a transaction without other writers. It is as durable as a prediction.
"""

from collections.abc import Callable
from contextlib import closing

from sqlalchemy import select, update

from ...prediction_log._sql.database import Database
from ...prediction_log._sql.tables import LOOP
from .._leased_state import Answer, EncodedState, StoredState, encode_state


class SqlStateBackend:
    """A StateBackend on the database of the prediction log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        with (
            self._database.translate_errors(),
            closing(self._database) as database,
            closing(database.open()) as connection,
            database.transaction(connection),
        ):
            row = connection.execute(select(LOOP.c.state, LOOP.c.revision, LOOP.c.lease)).one()
            current = EncodedState(*row).decode()
            answer, stored = decide(current)
            if stored != current:
                connection.execute(update(LOOP).values(encode_state(stored)._asdict()))
            return answer
