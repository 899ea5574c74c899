"""Alembic owns the tables: an empty database gets them, older ones are migrated by a command."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, TableClause, inspect

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, PredictionLog, migrate_prediction_log
from mlops_loop.prediction_log._sql.database import Database
from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.schema import SCRIPTS, migrate, revisions
from mlops_loop.prediction_log._sql.tables import COUNTERS, LABELS, LOOP, PREDICTIONS

from ..records import plain

NEXT = '''
"""A revision of a later version of the library."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.add_column("predictions", sa.Column("note", sa.Text, server_default="none"))
'''
BROKEN = f"{NEXT}    op.execute('no SQL')\n"
IMPORTED = """
import json, sys
from pathlib import Path
from mlops_loop.prediction_log import open_prediction_log
open_prediction_log(sys.argv[1], root=Path(sys.argv[2])).close()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture
def later(tmp_path: Path) -> Callable[[str], Path]:
    """Makes the scripts of a later version of the library, with one revision more."""

    def make(script: str) -> Path:
        folder = tmp_path / "100% later"
        shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions/v0002_note.py").write_text(script)
        return folder

    return make


def on_tables(database: Database, connection: Connection) -> Connection:
    """The connection, to be used with the names of tables alone."""
    if database.schema:
        connection.exec_driver_sql(f"SET search_path TO {database.schema}")
    return connection


def test_the_revisions_are_those_of_alembic() -> None:
    scripts = ScriptDirectory(str(SCRIPTS))
    assert [each.revision for each in scripts.walk_revisions()][::-1] == revisions(SCRIPTS)


@pytest.mark.parametrize("table", [PREDICTIONS, LABELS, COUNTERS, LOOP], ids=lambda each: each.name)
def test_the_tables_have_the_columns_that_queries_name(
    database: Database, table: TableClause
) -> None:
    with database.open() as connection:
        columns = inspect(connection).get_columns(table.name, database.schema)
    assert {column["name"] for column in columns} == set(table.c.keys())


def test_alembic_is_imported_only_to_create_the_tables(address: str, tmp_path: Path) -> None:
    def imported() -> set[str]:
        command = [sys.executable, "-c", IMPORTED, address, str(tmp_path)]
        result = subprocess.run(command, capture_output=True, check=True, text=True)
        return set(json.loads(result.stdout))

    assert "alembic" in imported()
    again = imported()
    assert "alembic" not in again and "sqlalchemy" in again


def test_many_that_start_at_once_create_the_tables_once(
    open_log: Callable[[], PredictionLog], database: Database
) -> None:
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(lambda _: open_log(), range(8)))
    for number, log in enumerate(logs):
        log.append([plain(f"p{number}")]).result()
    assert logs[0].totals() == Counts(8, 0)
    with database.open() as connection:
        rows = on_tables(database, connection).exec_driver_sql("SELECT * FROM alembic_version")
        assert rows.all() == [(revisions(SCRIPTS)[-1],)]


def test_an_older_schema_is_migrated_by_the_command_and_no_earlier(
    database: Database, log: PredictionLog, later: Callable[[str], Path]
) -> None:
    log.append([plain("a")]).result()
    database.scripts = later(NEXT)
    with pytest.raises(StoreError, match="has revision 0001, .* needs 0002: .* run `log migrate`"):
        SqlPredictionLog(database)
    assert migrate(database) == migrate(database) == "0002"
    migrated = SqlPredictionLog(database)
    assert migrated.get("a") and migrated.totals() == Counts(1, 0)
    with database.open() as connection:
        notes = on_tables(database, connection).exec_driver_sql("SELECT note FROM predictions")
        assert notes.all() == [("none",)]
    migrated.close()


def test_a_newer_schema_is_rejected_also_by_the_command(
    database: Database,
    log: PredictionLog,
    later: Callable[[str], Path],
    address: str,
    tmp_path: Path,
) -> None:
    database.scripts = later(NEXT)
    migrate(database)
    database.scripts = SCRIPTS
    for use in (
        lambda: SqlPredictionLog(database),
        lambda: migrate_prediction_log(address, root=tmp_path),
    ):
        with pytest.raises(StoreError, match="revision 0002, .* update mlops-loop.*`log migrate`"):
            use()


def test_a_migration_that_fails_changes_nothing(
    database: Database, log: PredictionLog, later: Callable[[str], Path]
) -> None:
    log.append([plain("a")]).result()
    database.scripts = later(BROKEN)
    with pytest.raises(StoreError, match="syntax error"):
        migrate(database)
    assert log.totals() == Counts(1, 0)
    database.scripts = SCRIPTS
    with database.open() as connection:
        columns = inspect(connection).get_columns("predictions", database.schema)
        assert "note" not in {column["name"] for column in columns}


def test_the_command_creates_the_tables_of_an_empty_database(address: str, tmp_path: Path) -> None:
    assert migrate_prediction_log(address, root=tmp_path) == revisions(SCRIPTS)[-1]


def test_tables_of_another_program_are_left_alone(database: Database) -> None:
    name = f"{database.schema}.theirs" if database.schema else "theirs"
    with database.engine.connect() as connection:
        if database.schema:
            connection.exec_driver_sql(f"CREATE SCHEMA {database.schema}")
        connection.exec_driver_sql(f"CREATE TABLE {name} (n integer)")
    for use in (SqlPredictionLog, migrate):
        with pytest.raises(StoreError, match="belong to another program"):
            use(database)
