"""Tables are made once, become newer ones, and are left alone where they are not the log's."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, Output, Record
from mlops_loop.prediction_log.postgresql_migrations import MIGRATIONS
from mlops_loop.prediction_log.postgresql_schema import migrate
from mlops_loop.prediction_log.timestamps import to_microseconds

from ...store_server import opened
from ...stores.postgresql import Server
from ..records import DAY, NOON, label, plain


def test_many_that_start_at_once_make_the_tables_once(
    server: Server, address: str, schema: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(opened, [address] * 8))
    for number, log in enumerate(logs):
        log.append([plain(f"p{number}")]).result()
    assert logs[0].totals() == Counts(8, 0)
    for log in logs:
        log.close()
    found = server.ask(f"SELECT version FROM {schema}.schema_version")
    assert found == [(number + 1,) for number in range(len(MIGRATIONS))]


def test_tables_from_before_versions_were_told_apart_are_brought_up_to_date(
    server: Server, address: str, schema: str
) -> None:
    one = (
        '{"version":"%s","variant":"champion","served":true,'
        '"prediction":"\\u0000\\",\\"version\\":\\"5"}'
    )
    with closing(server.client()) as client:
        migrate(client, schema, 1, MIGRATIONS[:1])
        client.execute(f"SET search_path TO {schema}")
        client.execute("INSERT INTO labels (prediction_id, label, time) VALUES ('early', '1', 0)")
        for name, versions in (("a", "3"), ("b", "43"), ("c", "")):
            outputs = f"[{','.join(one % version for version in versions)}]"
            row = (name, to_microseconds(NOON), outputs)
            client.execute(
                "INSERT INTO predictions (prediction_id, event_time, arrival_time, columns,"
                " outputs, sampling_key, stratum) VALUES (%s, %s, 0, '{}', %s, 1, 1)",
                row,
            )
        client.execute(
            "INSERT INTO labels SELECT 'a', 'true', 0, event_time, 1, 1 FROM predictions"
            " WHERE prediction_id = 'a'"
        )
    with closing(opened(address)) as log:
        assert log.totals() == log.count(None, None) == Counts(3, 1)
        assert log.count(None, None, version="3") == Counts(2, 1)
        assert log.count(None, None, version="4") == Counts(1, 0)
        assert log.count(None, None, version="5") == Counts(0, 0)
        assert len(log.sample(None, None, 9, version="3")) == 2
        assert len(log.sample(None, None, 9, labelled=True, version="3")) == 1
        outputs = (Output("3", "champion", True, 1),)
        log.append([Record("early", None, NOON, NOON, {}, outputs)]).result()
        log.add_labels([label("b")])
        assert log.count(None, None, version="3") == Counts(3, 3)
        assert log.count(None, None, version="4") == Counts(1, 1)
        assert log.prune(NOON + DAY) == 4
        assert log.totals() == log.count(None, None, version="3") == Counts(0, 0)


def test_a_migration_keeps_what_is_there(server: Server, address: str, schema: str) -> None:
    newer = (*MIGRATIONS, ("ALTER TABLE predictions ADD COLUMN note text",))
    with closing(opened(address)) as log, closing(server.client()) as client:
        log.append([plain("a")]).result()
        migrate(client, schema, 1, newer)
        migrate(client, schema, 1, newer)
        assert log.get("a")
        found = client.execute(f"SELECT prediction_id, note FROM {schema}.predictions")
        assert found.fetchall() == [("a", None)]
    with pytest.raises(StoreError, match=f"is number {len(newer)} .* update the project"):
        opened(address)


def test_a_migration_that_fails_changes_nothing(server: Server, address: str, schema: str) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE half (n int)", "no SQL"))
    with closing(opened(address)) as log, closing(server.client()) as client:
        with pytest.raises(Exception, match="syntax error"):
            migrate(client, schema, 1, broken)
        assert log.totals() == Counts(0, 0)
        assert not server.ask("SELECT 1 FROM pg_class WHERE relname = 'half'")


def test_tables_of_another_program_are_left_alone(
    server: Server, address: str, schema: str
) -> None:
    server.ask(f"CREATE SCHEMA {schema} CREATE TABLE {schema}.theirs (n int)")
    with pytest.raises(StoreError, match="belongs to another program"):
        opened(address)


def test_a_database_that_does_not_hold_every_text_is_refused(server: Server, address: str) -> None:
    server.ask("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
        opened(address.replace("/postgres?", "/narrow?"))


def test_a_user_may_do_with_a_schema_that_was_made_for_them(
    server: Server, address: str, schema: str
) -> None:
    server.ask("CREATE ROLE guest LOGIN")
    as_guest = address.replace("postgres@", "guest@")
    with pytest.raises(StoreError, match="let this user create schemas"):
        opened(as_guest)
    server.ask(f"CREATE SCHEMA {schema} AUTHORIZATION guest")
    with closing(opened(as_guest)) as log:
        log.append([plain("a", entity_key="k")]).result()
        assert log.erase("k") == 1
        assert log.totals() == Counts(0, 0)
