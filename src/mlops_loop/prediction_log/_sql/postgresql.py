"""The prediction log in PostgreSQL: `postgresql://user:password@host:5432/database`.

For any number of hosts. Each process has one thread that writes what was submitted meanwhile as
one transaction, so that the server syncs once for all of it. Options may follow the address:
`?name=…`, the schema of the tables; `?password_file=…`, a file that holds the password;
`?spool=var/spool`, a folder for records while the server is unavailable;
`?durability=best_effort`, which does not wait for the sync; and `sslmode`, `sslrootcert`,
`sslcert`, `sslkey` and `target_session_attrs`, as libpq knows them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, create_engine, text

from ...errors import SettingsError, StoreError
from .._url_options import (
    DURABILITY,
    PASSWORD_FILE,
    acknowledges,
    password_file,
    read_password,
    split_address,
)
from .database import Database, Row, cause_of, driver_of, is_store_error
from .postgresql_errors import SECONDS, explain_postgresql_error, is_unavailable
from .tables import COUNTERS, LABELS, LOOP, PREDICTIONS

_FILES = ("sslrootcert", "sslcert", "sslkey")
_OWN = ("name", "spool", "sslmode", "target_session_attrs", *_FILES)
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,49}")
_POOLED = 4

# What a server that keeps what it acknowledges has switched on.
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")

# Every query is a few ranges of an index, and pages are in its order. The planner, whose statistics
# may be old, should not consider reading and sorting a whole table cheaper.
_PLANS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}

# In the order of ids, so that writers of the same ids do not deadlock.
_INSERT = """
    INSERT INTO predictions ({names})
    SELECT * FROM unnest(
        %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::text[],
        %b::text[], %b::text[], %b::bigint[], %b::smallint[], %b::text[]
    ) AS new_rows (prediction_id)
    ORDER BY new_rows.prediction_id COLLATE "C"
    ON CONFLICT (prediction_id) DO NOTHING
""".format(names=", ".join(PREDICTIONS.c.keys()))

# Rows that no page of the table has room for, undone at once: a full disk rejects them, while it
# may accept a transaction that changes nothing. No stored id begins with a single backslash.
_PROBE = r"""
    DO $$ BEGIN
        INSERT INTO predictions
        SELECT '\probe ' || number, NULL, 0, 0, repeat(' ', 1800), '', '', '', '', 0, 0, ''
        FROM generate_series(1, 9) AS number;
        RAISE EXCEPTION 'undo';
    EXCEPTION WHEN raise_exception THEN NULL;
    END $$
"""


def database_at(address: str, root: Path) -> "PostgresqlDatabase":
    """The database at an address; nothing is connected to yet."""
    place, options = split_address(address, *_OWN)
    try:
        parts: dict[str, Any] = conninfo_to_dict(place)
        port = int(parts.get("port") or 5432)
    except (psycopg.Error, ValueError) as error:
        raise SettingsError(
            "prediction_log: write an address of PostgreSQL as"
            " postgresql://user@localhost:5432/database"
        ) from error
    host = parts.setdefault("host", "localhost")
    user = f"{parts['user']}@" if parts.get("user") else ""
    for option in _FILES:
        if options.get(option, "system") != "system":
            options[option] = str(Path(root) / options[option])
    name = f"prediction log postgresql://{user}{host}:{port}/{parts.get('dbname') or ''}"
    return PostgresqlDatabase(name, parts, options, password_file(options, Path(root)))


class PostgresqlDatabase(Database):
    """The tables in one schema of a server's database.

    Settings are made in each transaction, because a pooler may hand every transaction to another
    session.

    Args:
        name: name of the log in messages.
        parts: arguments of the connection.
        options: options of the address; those that the log does not know are passed to libpq.
        password: a file with the password, if the address names one.
    """

    def __init__(
        self,
        name: str,
        parts: Mapping[str, Any],
        options: Mapping[str, str],
        password: Path | None = None,
    ) -> None:
        self.name = name
        self._password = password
        self.acknowledged = acknowledges(options)
        self.spool = options.get("spool")
        self.schema = options.get("name", "predictions")
        if not _NAME.fullmatch(self.schema):
            raise SettingsError(
                f"prediction_log: name={self.schema!r} is the schema of the tables; write small"
                " letters, digits and underscores, 50 at most"
            )
        own = ("name", "spool", DURABILITY, PASSWORD_FILE)
        libpq = {key: value for key, value in options.items() if key not in own}
        self._arguments = {**_TIMEOUTS, **parts, **libpq}
        digest = blake2b(f"prediction log {self.schema}".encode(), digest_size=8).digest()
        self._lock = int.from_bytes(digest, signed=True)
        weaker = {} if self.acknowledged else {"synchronous_commit": "off"}
        asked = ", ".join(f"current_setting('{name}')" for name in _DURABLE)
        self._writing = f"SELECT {asked}, {_settings(self.schema, weaker)}"
        self.engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            isolation_level="AUTOCOMMIT",
            max_overflow=-1,
            pool_pre_ping=True,
            pool_size=_POOLED,
            use_native_hstore=False,
        )

    def archive(self) -> str | None:
        """Rename the schema, if it holds something."""
        with self.translate_errors(), self.open() as connection:
            content = (
                f"SELECT EXISTS (SELECT FROM {self.schema}.predictions) OR EXISTS ("
                f"SELECT FROM {self.schema}.loop WHERE state IS NOT NULL OR lease IS NOT NULL)"
            )
            if not connection.exec_driver_sql(content).scalar_one():
                return None
            names = set(connection.exec_driver_sql("SELECT nspname FROM pg_namespace").scalars())
            number = 1
            while (target := f"{self.schema}_{number}") in names:
                number += 1
            connection.exec_driver_sql(f"ALTER SCHEMA {self.schema} RENAME TO {target}")
            return f"the schema {target} of {self.name}"

    def prepare(self, connection: Connection) -> None:
        self._require_durable(connection.exec_driver_sql(self._writing).one())

    def begin_reading(self, connection: Connection) -> None:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        connection.exec_driver_sql(f"{begin}; SELECT {_settings(str(self.schema))}")

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql("BEGIN")
        writing = f"{self._writing}, pg_advisory_xact_lock({self._lock})"
        self._require_durable(connection.exec_driver_sql(writing).one())
        yield
        connection.exec_driver_sql("COMMIT")

    def create_schema(self, connection: Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StoreError(
                f"its encoding is {encoding}, which does not hold every text: make another database"
                " with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
            )
        # If it was made for this user, this user may lack the right to create any.
        query = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
        if connection.execute(query, {"name": self.schema}).first() is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {self.schema}")

    def append(self, connection: Connection, rows: Sequence[Row]) -> None:
        driver = driver_of(connection)
        # One journey to the server and back. Appending shares the lock that other writers take
        # alone: a prediction and its label that are written at once would not see each other.
        with driver.pipeline():
            driver.execute("BEGIN")
            settings = driver.execute(
                f"{self._writing}, pg_advisory_xact_lock_shared({self._lock})"
            )
            self.insert(connection, rows)
            driver.execute("COMMIT")
        # Each time, since settings change while a server runs and when it starts again.
        self._require_durable(settings.fetchone())

    def insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        driver = driver_of(connection)
        if rows:
            driver.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
        else:
            driver.execute(_PROBE)

    def purge(self) -> None:
        tables = ", ".join(f"{self.schema}.{name}" for name in ("predictions", "labels"))
        with self.translate_errors(), self.engine.connect() as connection:
            connection.exec_driver_sql(f"VACUUM {tables}, {self.schema}.counters")

    def verify(self) -> str:
        """Read every row, and ask for checksums that failed; an index is not compared."""
        failures = "SELECT checksum_failures FROM pg_stat_database"
        with self.translate_errors(), self.engine.connect() as connection:
            for table in (PREDICTIONS, LABELS, COUNTERS, LOOP):
                rows = f"{self.schema}.{table.name} AS row"
                connection.exec_driver_sql(f"SELECT sum(hashtext(row::text)) FROM {rows}").all()
            query = f"{failures} WHERE datname = current_database()"
            failed = connection.exec_driver_sql(query).scalar()
            if failed:
                raise StoreError(
                    f"PostgreSQL has counted {failed} pages with a wrong checksum: restore the"
                    " database from a backup, and check the disk"
                )
            checked = connection.exec_driver_sql("SHOW data_checksums").scalar_one() == "on"
        return "every row can be read" + (
            "" if checked else "; the server has no checksums (`pg_checksums --enable`)"
        )

    def explain(self, error: Exception) -> Exception:
        if not is_store_error(error, psycopg.Error):
            return error
        return explain_postgresql_error(self.name, cause_of(error))

    def is_backend_error(self, error: Exception) -> bool:
        data = isinstance(cause_of(error), psycopg.DataError)
        return is_store_error(error, psycopg.Error) and not data

    def is_unavailable(self, error: Exception) -> bool:
        return is_unavailable(cause_of(error))

    def _connect(self) -> psycopg.Connection[Any]:
        """A connection without prepared statements, for the sake of poolers."""
        arguments = dict(self._arguments)
        if self._password is not None:
            arguments["password"] = read_password(self._password)
        return psycopg.connect(**arguments, prepare_threshold=None)

    def _require_durable(self, settings: Sequence[Any] | None) -> None:
        """An answer leaves after the sync, of pages that survive it, if all of them are on."""
        weak = [name for name, value in zip(_DURABLE, settings or ()) if value == "off"]
        if weak and self.acknowledged:
            off = " and ".join(f"its {name} is off" for name in weak)
            on = " and ".join(f"`{name} = on`" for name in weak)
            raise StoreError(
                f"{off}, so that it may lose what it has acknowledged: set {on}, or write"
                " `?durability=best_effort` in `prediction_log`"
            )


_TIMEOUTS = {
    "connect_timeout": SECONDS,
    "tcp_user_timeout": SECONDS * 1_000,
    "client_encoding": "UTF8",
}


def _settings(schema: str, more: Mapping[str, str] | None = None) -> str:
    """SQL that makes settings for the rest of a transaction, as the items of a SELECT."""
    # A client that dies in the middle of a transaction should not keep its locks.
    timeout = {"idle_in_transaction_session_timeout": f"{SECONDS}s"}
    values = {"search_path": f'"{schema}"', **_PLANS, **timeout, **(more or {})}
    return ", ".join(f"set_config('{name}', '{value}', true)" for name, value in values.items())
