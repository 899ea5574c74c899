"""What the implementation needs of a database, and what all databases have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ...errors import StoreError
from .schema import SCRIPTS, require_current

Row = tuple[str | int | None, ...]


class Database(ABC):
    """One database that holds a log.

    Connections are in autocommit mode and transactions are explicit SQL, because each database has
    a cheaper way to commit a group of predictions than BEGIN, INSERT and COMMIT one by one.

    Attributes:
        name: name of the log in messages, without the password.
        engine: opens connections.
        schema: schema of the tables; None for a database without schemas.
        acknowledged: whether appending waits until the record is durable.
        spool: folder for records while the server is unavailable, None for none.
        scripts: folder of Alembic's, which knows the revisions of the tables.
    """

    name: str
    engine: Engine
    schema: str | None = None
    acknowledged: bool = True
    spool: str | None = None
    scripts: Path = SCRIPTS

    def open(self) -> Connection:
        """A connection to write on, to tables that are of the current revision.

        Raises:
            StoreError: if the database cannot be used, or its tables are of another revision.
        """
        with self.translate_errors():
            connection = self.engine.connect()
            try:
                self.prepare(connection)
                require_current(self, connection)
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
            return connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the log throughout, and cannot change it."""
        with self.translate_errors(), self.engine.connect() as connection:
            self.begin_reading(connection)
            yield connection

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Errors of the database, as a StoreError with the next step."""
        try:
            yield
        except Exception as error:
            explained = self.explain(error)
            if explained is error:
                raise
            raise explained from error

    def append(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert predictions durably; see `insert`."""
        with self.transaction(connection):
            self.insert(connection, rows)

    def close(self) -> None:
        self.engine.dispose()

    @abstractmethod
    def archive(self) -> str | None:
        """Move the tables out of the way; where they are now, None if they hold nothing."""

    @abstractmethod
    def prepare(self, connection: Connection) -> None:
        """Make sure that commits on this connection are durable."""

    @abstractmethod
    def begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that sees one state and cannot write."""

    @abstractmethod
    def transaction(self, connection: Connection) -> AbstractContextManager[None]:
        """Everything inside is committed together, durably, and no other writer is in between.

        After an exception the connection has to be closed, which undoes what was done.
        """

    @abstractmethod
    def create_schema(self, connection: Connection) -> None:
        """Make the place of the tables, within a transaction.

        Raises:
            StoreError: if the database cannot hold them.
        """

    @abstractmethod
    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Insert those predictions whose id is new, each a row of `tables.PREDICTIONS`.

        Without rows it writes something that leaves no trace, to find out whether the database
        accepts writes.
        """

    @abstractmethod
    def purge(self) -> None:
        """Remove the bytes of deleted rows from the files of the tables."""

    @abstractmethod
    def verify(self) -> str:
        """Run the database's own check.

        Returns:
            A sentence about what was checked.

        Raises:
            StoreError: if the database is damaged.
        """

    @abstractmethod
    def explain(self, error: Exception) -> Exception:
        """A StoreError with the next step for errors of the database; others as they are."""

    @abstractmethod
    def is_backend_error(self, error: Exception) -> bool:
        """Whether any statement would have failed, as opposed to one with a bad value."""

    def is_unavailable(self, error: Exception) -> bool:
        """Whether the database cannot be reached for now."""
        return False


def driver_of(connection: Connection) -> Any:
    """The driver's own connection, for the one statement that runs with every prediction."""
    return connection.connection.driver_connection


def cause_of(error: Exception) -> Exception:
    """The driver's error behind one of SQLAlchemy's."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        return error.orig
    return error


def is_store_error(error: Exception, driver_error: type[Exception]) -> bool:
    """Whether an error is about the database rather than about the caller's values or code."""
    return isinstance(cause_of(error), (driver_error, OSError, StoreError))
