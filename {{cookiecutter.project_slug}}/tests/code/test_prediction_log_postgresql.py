"""What the PostgreSQL log promises beyond every store: its server, its tables, its errors."""

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from {{ cookiecutter.package_name }}.errors import SettingsError, StoreError
from {{ cookiecutter.package_name }}.prediction_log import (
    Counts,
    Label,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)
from {{ cookiecutter.package_name }}.prediction_log.instants import to_microseconds
from {{ cookiecutter.package_name }}.prediction_log.postgresql_migrations import (
    MIGRATIONS,
)
from {{ cookiecutter.package_name }}.prediction_log.postgresql_schema import migrate

Server = run_path(str(Path(__file__).parent / "stores/postgresql.py"))["Server"]

START = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NUMBERS = count()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    server = Server(tmp_path_factory.mktemp("postgresql") / "server")
    yield server
    server.remove()


@pytest.fixture
def server(shared: Any) -> Iterator[Any]:
    """The server as it was made, whatever a test has done to its settings."""
    yield shared
    shared.reset()


@pytest.fixture
def address(server: Any) -> str:
    return f"{server.address}?name=log{next(NUMBERS)}"


@pytest.fixture
def log(address: str) -> Iterator[PredictionLog]:
    with closing(opened(address)) as log:
        yield log


def opened(address: str) -> PredictionLog:
    return open_prediction_log(address, root=Path("unused"))


def name_of(address: str) -> str:
    return address.partition("name=")[2]


def record(
    name: str, at: datetime = START, entity_key: str | None = None, note: str = "x" * 100
) -> Record:
    return Record(name, entity_key, at, at, {"note": note}, ())


def ask(server: Any, query: str) -> list[tuple[Any, ...]]:
    with closing(server.client()) as client:
        found = client.execute(query)
        return found.fetchall() if found.description else []


def append_until_it_fails(log: PredictionLog, worker: int) -> list[str]:
    """The ids that were acknowledged."""
    kept: list[str] = []
    for number in range(1_000_000):
        name = f"{worker}-{number}"
        try:
            log.append([record(name)]).result()
        except StoreError:
            return kept
        kept.append(name)
    return kept


def test_a_killed_server_has_kept_all_that_it_acknowledged(server: Any, log: PredictionLog) -> None:
    with ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(append_until_it_fails, log, worker) for worker in range(4)]
        while log.totals().predictions < 200:
            time.sleep(0.01)
        server.kill()
        acknowledged = [name for worker in workers for name in worker.result()]
    with pytest.raises(StoreError, match="make store"):
        log.totals()
    server.start()
    assert len(acknowledged) >= 100
    assert all(log.get(name) for name in acknowledged)
    # Four were on their way, and may be there or not.
    assert len(acknowledged) <= log.totals().predictions <= len(acknowledged) + 4
    log.append([record(name) for name in acknowledged]).result()
    assert log.totals() == log.count(None, None)


def test_a_server_that_started_again_is_found_at_once(server: Any, log: PredictionLog) -> None:
    log.append([record("a")]).result()
    assert log.totals() == Counts(1, 0)
    server.stop()
    server.start()
    log.append([record("b")]).result()
    assert log.totals() == Counts(2, 0)


def test_the_service_says_503_while_the_server_is_away(
    server: Any, log: PredictionLog, publisher: Any, serve_shop: Callable[..., Any]
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(log=log) as served:
        assert served.http.post("/predict", json=served.row).status_code == 200
        server.stop()
        assert served.http.post("/predict", json=served.row).status_code == 503
        assert served.http.get("/health/ready").status_code == 503
        server.start()
        assert served.http.get("/health/ready").status_code == 200
        answer = served.http.post("/predict", json=served.row).json()
        assert log.get(answer["prediction_id"])
        assert log.totals() == Counts(2, 0)


def test_without_a_server_one_is_told_how_to_start_it(server: Any) -> None:
    server.stop()
    address = f"postgresql://someone:secret@127.0.0.1:{server.port}/flights?name=log"
    with pytest.raises(StoreError) as caught:
        opened(address)
    server.start()
    said = str(caught.value)
    assert f"prediction log postgresql://someone@127.0.0.1:{server.port}/flights:" in said
    assert "make store" in said and "secret" not in said and "\n" not in said


@pytest.mark.parametrize("place", ["localhost:port/first", "[half/first"])
def test_an_address_that_cannot_be_read_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://user@localhost:5432/database"):
        opened(f"postgresql://{place}")


@pytest.mark.parametrize("name", ["", "Flights", "pg_flights", "a-b", "1st", "x" * 51])
def test_a_name_that_is_no_plain_schema_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="small letters"):
        opened(f"postgresql://localhost/first?name={name}")


def test_a_wrong_password_or_database_is_named_and_not_told(server: Any, address: str) -> None:
    ask(server, "CREATE ROLE careful SUPERUSER LOGIN PASSWORD 'right'")
    server.demand_passwords("careful")
    with pytest.raises(StoreError, match="user, password and database") as caught:
        opened(address.replace("postgres@", "careful:wrong@"))
    assert "wrong@" not in str(caught.value)
    with pytest.raises(StoreError, match='"nowhere" does not exist.*database'):
        opened(address.replace("/postgres?", "/nowhere?"))
    with closing(opened(address.replace("postgres@", "careful:right@"))) as log:
        assert log.totals() == Counts(0, 0)


def test_a_server_that_refuses_is_not_spooled_for(server: Any, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        nowhere = server.address.replace("/postgres", "/nowhere")
        open_prediction_log(f"{nowhere}?spool=spool", root=tmp_path)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_syncs_too_late_is_refused(server: Any, address: str, setting: str) -> None:
    server.set(**{setting: "off"})
    with pytest.raises(StoreError, match=f"its {setting} is off.* set `{setting} = on`"):
        opened(address)
    with closing(opened(f"{address}&durability=best_effort")) as log:
        log.append([record("a")]).result()
        # Nobody waited, so that it may not be there yet; labels are waited for.
        log.add_labels([Label("a", True, START)])
        assert log.totals() == Counts(1, 1)


def test_a_setting_that_changes_meanwhile_is_noticed(server: Any, log: PredictionLog) -> None:
    log.append([record("a")]).result()
    server.set(fsync="off")
    with pytest.raises(StoreError, match="its fsync is off"):
        log.append([record("b")]).result()
    server.set(fsync="on")
    log.append([record("b")]).result()
    assert log.totals() == Counts(2, 0)


def begin_again(server: Any, file_size: int | None = None) -> None:
    """With a limit it is as on a disk that fills up: no file becomes larger."""
    import resource

    server.stop()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size or before[0], before[1]))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def append_until_refused(log: PredictionLog) -> int:
    """How many rows were taken."""
    for number in range(100_000):
        try:
            log.append([record(f"{number}-{row}", note="x" * 1500) for row in range(500)]).result()
        except StoreError as error:
            assert "could not extend file" in str(error)
            return number * 500
    raise AssertionError("the server has taken more than it could")


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit that a full disk could be had by")
def test_a_full_disk_refuses_until_there_is_space_and_loses_nothing(
    server: Any, address: str
) -> None:
    query = "SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'"
    begin_again(server, ask(server, query)[0][0])
    with closing(opened(address)) as log:
        kept = append_until_refused(log)
        # Nothing is no answer to whether something would be taken, unless it is written.
        for _ in range(3):
            with pytest.raises(StoreError, match="could not extend file"):
                log.append([]).result()
        assert log.totals() == Counts(kept, 0)
        begin_again(server)
        log.append([]).result()
        log.append([record("more")]).result()
        assert log.totals() == log.count(None, None) == Counts(kept + 1, 0)


def test_appending_nothing_leaves_nothing(server: Any, log: PredictionLog, address: str) -> None:
    log.append([record("a")]).result()
    place = "SELECT pg_current_wal_flush_lsn()"
    before = ask(server, place)
    log.append([]).result()
    assert ask(server, place) > before
    for table, rows in (("predictions", 1), ("labels", 0), ("counters", 2)):
        assert ask(server, f"SELECT count(*) FROM {name_of(address)}.{table}") == [(rows,)]


def test_logs_of_two_names_know_nothing_of_each_other(server: Any) -> None:
    one, other = f"{server.address}?name=one", f"{server.address}?name=other"
    with closing(opened(one)) as first, closing(opened(other)) as second:
        first.append([record("a", entity_key="k")]).result()
        assert second.totals() == Counts(0, 0)
        assert second.erase("k") == 0
        assert first.totals() == Counts(1, 0)


def test_many_that_start_at_once_make_the_tables_once(server: Any, address: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        logs = list(pool.map(opened, [address] * 8))
    for number, log in enumerate(logs):
        log.append([record(f"p{number}")]).result()
    assert logs[0].totals() == Counts(8, 0)
    for log in logs:
        log.close()
    found = ask(server, f"SELECT version FROM {name_of(address)}.schema_version")
    assert found == [(number + 1,) for number in range(len(MIGRATIONS))]


def test_tables_from_before_versions_were_told_apart_are_brought_up_to_date(
    server: Any, address: str
) -> None:
    one = (
        '{"version":"%s","variant":"champion","served":true,'
        '"prediction":"\\u0000\\",\\"version\\":\\"5"}'
    )
    with closing(server.client()) as client:
        migrate(client, name_of(address), 1, MIGRATIONS[:1])
        client.execute(f"SET search_path TO {name_of(address)}")
        client.execute("INSERT INTO labels (prediction_id, label, time) VALUES ('early', '1', 0)")
        for name, versions in (("a", "3"), ("b", "43"), ("c", "")):
            outputs = f"[{','.join(one % version for version in versions)}]"
            row = (name, to_microseconds(START), outputs)
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
        log.append([Record("early", None, START, START, {}, outputs)]).result()
        log.add_labels([Label("b", True, START)])
        assert log.count(None, None, version="3") == Counts(3, 3)
        assert log.count(None, None, version="4") == Counts(1, 1)
        assert log.prune(START + DAY) == 4
        assert log.totals() == log.count(None, None, version="3") == Counts(0, 0)


def test_a_migration_keeps_what_is_there(server: Any, address: str) -> None:
    newer = (*MIGRATIONS, ("ALTER TABLE predictions ADD COLUMN note text",))
    with closing(opened(address)) as log, closing(server.client()) as client:
        log.append([record("a")]).result()
        migrate(client, name_of(address), 1, newer)
        migrate(client, name_of(address), 1, newer)
        assert log.get("a")
        found = client.execute(f"SELECT prediction_id, note FROM {name_of(address)}.predictions")
        assert found.fetchall() == [("a", None)]
    with pytest.raises(StoreError, match=f"is number {len(newer)} .* update the project"):
        opened(address)


def test_a_migration_that_fails_changes_nothing(server: Any, address: str) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE half (n int)", "no SQL"))
    with closing(opened(address)) as log, closing(server.client()) as client:
        with pytest.raises(Exception, match="syntax error"):
            migrate(client, name_of(address), 1, broken)
        assert log.totals() == Counts(0, 0)
        assert not ask(server, "SELECT 1 FROM pg_class WHERE relname = 'half'")


def test_tables_of_another_program_are_left_alone(server: Any, address: str) -> None:
    name = name_of(address)
    ask(server, f"CREATE SCHEMA {name} CREATE TABLE {name}.theirs (n int)")
    with pytest.raises(StoreError, match="belongs to another program"):
        opened(address)


def test_a_database_that_does_not_hold_every_text_is_refused(server: Any, address: str) -> None:
    ask(server, "CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
        opened(address.replace("/postgres?", "/narrow?"))


def test_a_user_may_do_with_a_schema_that_was_made_for_them(server: Any, address: str) -> None:
    ask(server, "CREATE ROLE guest LOGIN")
    as_guest = address.replace("postgres@", "guest@")
    with pytest.raises(StoreError, match="let this user create schemas"):
        opened(as_guest)
    ask(server, f"CREATE SCHEMA {name_of(address)} AUTHORIZATION guest")
    with closing(opened(as_guest)) as log:
        log.append([record("a", entity_key="k")]).result()
        assert log.erase("k") == 1
        assert log.totals() == Counts(0, 0)


def test_a_label_and_a_prediction_that_come_at_once_meet(log: PredictionLog, address: str) -> None:
    names = [f"p{number}" for number in range(300)]
    with closing(opened(address)) as other, ThreadPoolExecutor(2) as pool:
        for at in range(0, len(names), 10):
            some = names[at : at + 10]
            labels = [Label(name, True, START) for name in some]
            labelled = pool.submit(other.add_labels, labels)
            log.append([record(name) for name in some]).result()
            labelled.result()
    assert log.totals() == log.count(None, None) == Counts(300, 300)


def test_two_that_append_the_same_do_not_wait_for_each_other(address: str) -> None:
    names = [f"p{number}" for number in range(400)]

    def append(order: int) -> None:
        with closing(opened(address)) as log:
            for _ in range(5):
                log.append([record(name) for name in names[::order]]).result(timeout=20)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(append, (1, -1))) == [None, None]
    with closing(opened(address)) as log:
        assert log.totals() == log.count(None, None) == Counts(400, 0)


def test_people_can_read_it_and_delete_from_it(
    server: Any, log: PredictionLog, address: str
) -> None:
    name = name_of(address)
    log.append([record("a", entity_key="k"), record("b")]).result()
    log.add_labels([Label("a", "late", START + DAY)])
    known = "prediction_id, event_time, columns->>'note', label #>> ARRAY[]::text[]"
    query = f"SELECT {known} FROM {name}.logged"
    assert ask(server, f"{query} WHERE entity_key = 'k'") == [("a", START, "x" * 100, "late")]
    ask(server, f"SET search_path TO {name}; DELETE FROM predictions WHERE prediction_id = 'a'")
    assert log.totals() == log.count(None, None) == Counts(1, 0)


def test_erased_rows_are_no_longer_in_the_tables(
    server: Any, log: PredictionLog, address: str
) -> None:
    log.append([record(f"p{n}", entity_key="gone") for n in range(500)]).result()
    assert log.erase("gone") == 500
    size = f"SELECT pg_relation_size('{name_of(address)}.predictions')"
    assert ask(server, size) == [(0,)]


@pytest.mark.parametrize("labelled", [None, True])
def test_what_a_sample_and_a_count_read_does_not_grow_with_the_log(
    server: Any, address: str, labelled: Any
) -> None:
    def blocks(place: str, question: Callable[[PredictionLog], object]) -> int:
        """How many a question looks at; sessions tell when they end."""
        query = f"""
            SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int
            FROM pg_statio_user_tables WHERE schemaname = '{name_of(place)}'
        """
        with closing(opened(place)) as log:
            before = ask(server, query)[0][0]
            question(log)
        time.sleep(0.2)
        after: int = ask(server, query)[0][0]
        return after - before

    costs: list[int] = []
    # Both have a prediction and a label in each minute, so that there are as many counters.
    for size in (6_000, 30_000):
        place, step = f"{address}_{size}", 2 * DAY / size
        with closing(opened(place)) as log:
            log.append([record(f"p{n}", START + n * step) for n in range(size)]).result()
            log.add_labels([Label(f"p{n}", True, START) for n in range(0, size, 2)])
        narrow = START + timedelta(hours=3, seconds=7), START + timedelta(hours=20, seconds=11)
        for window in ((None, None), narrow):

            def sample(log: PredictionLog, window: Any = window) -> object:
                return log.sample(*window, 100, labelled=labelled)

            def tally(log: PredictionLog, window: Any = window) -> object:
                return log.count(*window)

            costs += [blocks(place, sample), blocks(place, tally)]
    small, large = costs[:4], costs[4:]
    assert all(more < 1.5 * less for less, more in zip(small, large, strict=True)), costs
