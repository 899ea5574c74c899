"""MLflow writes absolute paths into its database; this lets the project's folder be moved."""

import sqlite3
from contextlib import closing
from pathlib import Path

_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def relocate(database: Path, artifacts: Path) -> None:
    """Point the paths in a SQLite store at `artifacts`, if it came here from elsewhere.

    Args:
        database: MLflow's database; one that does not exist yet needs nothing.
        artifacts: the folder beside it, which moved along; only paths that end in its name
            are touched.
    """
    if not database.is_file():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _COLUMNS:
            if _has(connection, table, column):
                _repoint(connection, table, column, artifacts)


def _repoint(connection: sqlite3.Connection, table: str, column: str, artifacts: Path) -> None:
    here = artifacts.as_posix()
    marker = f"/{artifacts.name}"
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE ?", (f"%{marker}%",)
    ).fetchall()
    for (old,) in rows:
        head, _, tail = old.rpartition(marker)
        if "://" not in head and head + marker != here and tail[:1] in ("", "/"):
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (f"{here}{tail}", old)
            )


def _has(connection: sqlite3.Connection, table: str, column: str) -> bool:
    known = connection.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column))
    return known.fetchone() is not None
