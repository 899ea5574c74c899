"""The tables of the SQLite log, and how an older file becomes a newer one."""

import sqlite3
from collections.abc import Sequence

from ..errors import StoreError
from .timestamps import DAY, MINUTE

Migration = Sequence[str]


def _start(width: int, row: str) -> str:
    """SQL for the start of a row's bucket (`%` keeps the sign, hence twice)."""
    time = f"{row}.event_time"
    return f"({time} - (({time} % {width}) + {width}) % {width})"


def _for_buckets(statement: str, row: str, condition: str = "") -> str:
    """A statement on the counters of a row, once for each width of bucket."""
    where = "WHERE width = {} AND start = {}"
    return "".join(
        f"{statement} {where.format(width, _start(width, row))} {condition};"
        for width in (MINUTE, DAY)
    )


def _for_groups(statement: str, row: str) -> str:
    """The same, on the counters of the versions that answered the row."""
    return _for_buckets(statement, row, f"AND versions = {row}.versions")


_UNCOUNT = "UPDATE counters SET predictions = predictions - 1, labels = labels - OLD.labelled"

# Triggers keep the counters, so that they hold for every row really inserted, labelled or
# deleted, in the same transaction, whoever writes to the file.
_FIRST: Migration = (
    """
    CREATE TABLE predictions (
        sequence INTEGER PRIMARY KEY,
        prediction_id TEXT NOT NULL UNIQUE,
        entity_key TEXT,
        event_time INTEGER NOT NULL,
        arrival_time INTEGER NOT NULL,
        sampling_key INTEGER NOT NULL,
        stratum INTEGER NOT NULL,
        labelled INTEGER NOT NULL,
        columns TEXT NOT NULL,
        outputs TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE labels (
        prediction_id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        time INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE counters (
        width INTEGER NOT NULL,
        start INTEGER NOT NULL,
        predictions INTEGER NOT NULL,
        labels INTEGER NOT NULL,
        PRIMARY KEY (width, start)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX by_time ON predictions (event_time)",
    "CREATE INDEX by_stratum ON predictions (stratum, event_time, sampling_key)",
    "CREATE INDEX labelled_by_stratum ON predictions (stratum, event_time, sampling_key,"
    " labelled) WHERE labelled = 1",
    "CREATE INDEX by_entity ON predictions (entity_key) WHERE entity_key IS NOT NULL",
    f"""
    CREATE TRIGGER count_inserted AFTER INSERT ON predictions BEGIN
        INSERT INTO counters (width, start, predictions, labels)
        VALUES
            ({MINUTE}, {_start(MINUTE, "NEW")}, 1, NEW.labelled),
            ({DAY}, {_start(DAY, "NEW")}, 1, NEW.labelled)
        ON CONFLICT (width, start) DO UPDATE SET
            predictions = predictions + 1, labels = labels + excluded.labels;
    END
    """,
    f"""
    CREATE TRIGGER count_labelled AFTER UPDATE OF labelled ON predictions BEGIN
        {_for_buckets("UPDATE counters SET labels = labels + NEW.labelled - OLD.labelled", "NEW")}
    END
    """,
    f"""
    CREATE TRIGGER count_deleted AFTER DELETE ON predictions BEGIN
        {_for_buckets(_UNCOUNT, "OLD")}
    END
    """,
    """
    CREATE TRIGGER forget_empty AFTER UPDATE OF predictions ON counters
    WHEN NEW.predictions = 0 BEGIN
        DELETE FROM counters WHERE width = NEW.width AND start = NEW.start;
    END
    """,
)

# Indexes and counters file rows by the versions that answered them (see versions.py).
_BY_VERSION: Migration = (
    *(f"DROP TRIGGER {name}" for name in ("count_inserted", "count_labelled", "count_deleted")),
    "DROP TABLE counters",
    "DROP INDEX by_stratum",
    "DROP INDEX labelled_by_stratum",
    "ALTER TABLE predictions ADD COLUMN versions TEXT NOT NULL DEFAULT ''",
    """
    UPDATE predictions SET versions = (
        SELECT coalesce(group_concat(version), '') FROM (
            SELECT DISTINCT json_quote(json_extract(value, '$.version')) AS version
            FROM json_each(outputs) ORDER BY version
        )
    )
    """,
    """
    CREATE TABLE counters (
        width INTEGER NOT NULL,
        start INTEGER NOT NULL,
        versions TEXT NOT NULL,
        predictions INTEGER NOT NULL,
        labels INTEGER NOT NULL,
        PRIMARY KEY (width, start, versions)
    ) WITHOUT ROWID
    """,
    *(
        f"INSERT INTO counters SELECT {width}, {_start(width, 'predictions')}, versions, count(*),"
        " sum(labelled) FROM predictions GROUP BY 1, 2, 3"
        for width in (MINUTE, DAY)
    ),
    "CREATE INDEX by_stratum ON predictions (stratum, versions, event_time, sampling_key)",
    "CREATE INDEX labelled_by_stratum ON predictions (stratum, versions, event_time, sampling_key,"
    " labelled) WHERE labelled = 1",
    f"""
    CREATE TRIGGER count_inserted AFTER INSERT ON predictions BEGIN
        INSERT INTO counters (width, start, versions, predictions, labels)
        VALUES
            ({MINUTE}, {_start(MINUTE, "NEW")}, NEW.versions, 1, NEW.labelled),
            ({DAY}, {_start(DAY, "NEW")}, NEW.versions, 1, NEW.labelled)
        ON CONFLICT (width, start, versions) DO UPDATE SET
            predictions = predictions + 1, labels = labels + excluded.labels;
    END
    """,
    f"""
    CREATE TRIGGER count_labelled AFTER UPDATE OF labelled ON predictions BEGIN
        {_for_groups("UPDATE counters SET labels = labels + NEW.labelled - OLD.labelled", "NEW")}
    END
    """,
    f"""
    CREATE TRIGGER count_deleted AFTER DELETE ON predictions BEGIN
        {_for_groups(_UNCOUNT, "OLD")}
    END
    """,
    """
    CREATE TRIGGER forget_empty AFTER UPDATE OF predictions ON counters
    WHEN NEW.predictions = 0 BEGIN
        DELETE FROM counters
        WHERE width = NEW.width AND start = NEW.start AND versions = NEW.versions;
    END
    """,
)

_BY_SCHEMA: Migration = (
    "ALTER TABLE predictions ADD COLUMN schema_digest TEXT NOT NULL DEFAULT ''",
)

# Append only: a file says in `user_version` how many of these it has seen.
MIGRATIONS: Sequence[Migration] = (_FIRST, _BY_VERSION, _BY_SCHEMA)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a file to the newest schema, in one transaction; data stays.

    StoreError for a file of a newer version or of another program.
    """
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have done it while this one waited for the lock.
        version = _version(connection)
        if version > len(migrations):
            raise StoreError(
                f"its schema is number {version} and this code knows {len(migrations)}:"
                " update the project, or choose another file in `prediction_log`"
            )
        if version == 0 and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise StoreError(
                "it is the database of another program: choose another file in `prediction_log`"
            )
        for migration in migrations[version:]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
