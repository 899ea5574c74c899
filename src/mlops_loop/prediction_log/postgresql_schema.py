"""The tables of the PostgreSQL log, and how older ones become newer ones.

All of them are in a schema of the log's own. What has happened to it stands in `schema_version`.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from ..errors import StoreError
from .postgresql_migrations import MIGRATIONS, Migration


def migrate(
    connection: psycopg.Connection[Any],
    schema: str,
    lock: int,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> None:
    """Bring a log to the newest schema, in one transaction; data stays.

    StoreError for a log of a newer version, for tables of another program, and for a database
    that cannot hold every text.
    """
    with connection.transaction():
        # Others who start at the same time wait here, and then find it done.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))
        version = _version(connection, schema)
        if version > len(migrations):
            raise StoreError(
                f"its schema {schema} is number {version} and this code knows {len(migrations)}:"
                " update the project, or choose another `?name=…` in `prediction_log`"
            )
        if version == len(migrations):
            return
        connection.execute(_on_path("SET LOCAL search_path TO {}", schema))
        for number, migration in enumerate(migrations[version:], start=version + 1):
            for statement in migration:
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (%s)", (number,))


def _version(connection: psycopg.Connection[Any], schema: str) -> int:
    """How many migrations the log has seen; makes an empty one if there is none."""
    tables = _column(
        connection,
        "SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = %s",
        schema,
    )
    if "schema_version" in tables:
        found = connection.execute(_on_path("SELECT max(version) FROM {}.schema_version", schema))
        return int(found.fetchall()[0][0] or 0)
    if tables:
        raise StoreError(
            f"its schema {schema} belongs to another program: choose another `?name=…` in"
            " `prediction_log`"
        )
    if (encoding := _column(connection, "SELECT current_setting(%s)", "server_encoding")[0]) != (
        "UTF8"
    ):
        raise StoreError(
            f"its encoding is {encoding}, which does not hold every text: make another database"
            " with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`"
        )
    # One that was made for this user may be there, and then this user may not be let make any.
    if not _column(connection, "SELECT 1 FROM pg_namespace WHERE nspname = %s", schema):
        connection.execute(_on_path("CREATE SCHEMA {}", schema))
    connection.execute(
        _on_path(
            "CREATE TABLE {}.schema_version"
            " (version integer PRIMARY KEY, since timestamptz NOT NULL DEFAULT now())",
            schema,
        )
    )
    return 0


def _on_path(statement: str, schema: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(schema))


def _column(connection: psycopg.Connection[Any], query: str, argument: str) -> list[Any]:
    return [row[0] for row in connection.execute(query, (argument,))]
