"""The command that brings the tables of the prediction log up to date."""

import sqlite3
from contextlib import closing

from click.testing import CliRunner, Result
from flights.cli import cli

from mlops_loop._settings import Settings


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--root", str(settings.root), *arguments])


def test_the_command_creates_the_tables_and_says_their_revision(shop_settings: Settings) -> None:
    for _ in range(2):
        result = run(shop_settings, "log", "migrate")
        assert result.output == "the schema of the prediction log has revision 0001\n"
    assert (shop_settings.root / "var/predictions.db").exists()


def test_a_schema_of_a_later_version_stops_commands_with_the_next_step(
    shop_settings: Settings,
) -> None:
    run(shop_settings, "log", "migrate")
    with closing(sqlite3.connect(shop_settings.root / "var/predictions.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        connection.commit()
    for command in (("status",), ("log", "migrate")):
        result = run(shop_settings, *command)
        assert result.exit_code == 1
        assert "predictions.db: its schema has revision 0002" in result.output
        assert "update mlops-loop" in result.output
