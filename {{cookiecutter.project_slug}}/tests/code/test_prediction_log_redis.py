"""What the Redis log promises beyond every store: its server, its cost, its errors."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from runpy import run_path
from typing import Any

import msgspec
import pytest
import redis

from {{ cookiecutter.package_name }}.errors import SettingsError, StoreError
from {{ cookiecutter.package_name }}.prediction_log import (
    Counts,
    Label,
    LoggedRow,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
)
from {{ cookiecutter.package_name }}.prediction_log.instants import EPOCH
from {{ cookiecutter.package_name }}.prediction_log.packing import pack
from {{ cookiecutter.package_name }}.prediction_log.redis_keys import (
    LAYOUT,
    packed_value,
)

Server = run_path(str(Path(__file__).parent / "stores/redis.py"))["Server"]

START = datetime(2013, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    server = Server(tmp_path / "redis")
    yield server
    server.kill()


@pytest.fixture
def log(server: Any) -> Iterator[PredictionLog]:
    with closing(opened(server.address)) as log:
        yield log


def opened(address: str) -> PredictionLog:
    return open_prediction_log(address, root=Path("unused"))


def record(name: str, at: datetime = START, entity_key: str | None = None) -> Record:
    return Record(name, entity_key, at, at, {"note": "x" * 100}, ())


def set_to(server: Any, **settings: str) -> None:
    with closing(server.client()) as client:
        for name, value in settings.items():
            client.config_set(name.replace("_", "-"), value)


def hide_settings(server: Any) -> str:
    """The server's address for a user who may do all but read the settings."""
    everything = {"keys": ["*"], "categories": ["+@all"], "commands": ["-config"]}
    with closing(server.client()) as client:
        client.acl_setuser("narrow", enabled=True, passwords=["+narrow"], **everything)
    address: str = server.address
    return address.replace("127.0.0.1", "narrow:narrow@127.0.0.1")


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
    server.kill()
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
        server.kill()
        assert served.http.post("/predict", json=served.row).status_code == 503
        assert served.http.get("/health/ready").status_code == 503
        server.start()
        assert served.http.get("/health/ready").status_code == 200
        answer = served.http.post("/predict", json=served.row).json()
        assert log.get(answer["prediction_id"])
        assert log.totals() == Counts(2, 0)


def test_without_a_server_one_is_told_how_to_start_it(server: Any) -> None:
    server.kill()
    address = f"redis://someone:secret@127.0.0.1:{server.port}/3?name=log"
    with pytest.raises(StoreError) as caught:
        opened(address)
    said = str(caught.value)
    assert f"prediction log redis://someone@127.0.0.1:{server.port}/3:" in said
    assert f"redis-server --port {server.port} --appendonly yes --appendfsync always" in said
    assert "make store" in said and "secret" not in said and "\n" not in said
    server.start()


@pytest.mark.parametrize("address", ["redis://localhost:port/0", "redis://localhost/first"])
def test_an_address_that_cannot_be_read_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="redis://localhost:6379/0"):
        opened(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [("redis://localhost/0", "want an address rediss://"), ("rediss://localhost/0", "no file")],
)
def test_an_authority_that_makes_no_sense_is_refused(address: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        opened(f"{address}?ssl_ca_certs={Path(__file__) if 'want' in said else 'nowhere.pem'}")


def test_a_wrong_password_is_named_and_not_told(server: Any) -> None:
    set_to(server, requirepass="right")
    with pytest.raises(StoreError, match="user and password") as caught:
        opened(server.address.replace("127.0.0.1", "default:wrong@127.0.0.1"))
    assert "wrong@" not in str(caught.value)
    with closing(opened(server.address.replace("127.0.0.1", "default:right@127.0.0.1"))) as log:
        assert log.totals() == Counts(0, 0)


@pytest.mark.parametrize("weak", [{"appendfsync": "everysec"}, {"appendonly": "no"}])
def test_a_server_that_syncs_too_late_is_refused(server: Any, weak: dict[str, str]) -> None:
    set_to(server, **weak)
    with pytest.raises(StoreError, match="`appendonly yes` and `appendfsync always`"):
        opened(server.address)
    with closing(opened(f"{server.address}?durability=best_effort")) as log:
        log.append([record("a")]).result()
        # Nobody waited, so that it may not be there yet; labels are waited for.
        log.add_labels([Label("a", True, START)])
        assert log.totals() == Counts(1, 1)


def test_a_setting_that_changes_meanwhile_is_noticed(server: Any, log: PredictionLog) -> None:
    log.append([record("a")]).result()
    set_to(server, appendfsync="everysec")
    with pytest.raises(StoreError, match="its appendfsync everysec"):
        log.append([record("b")]).result()
    set_to(server, appendfsync="always")
    log.append([record("b")]).result()
    assert log.totals() == Counts(2, 0)


def test_a_server_that_drops_keys_is_refused(server: Any) -> None:
    set_to(server, maxmemory="1gb", maxmemory_policy="allkeys-lru")
    with pytest.raises(StoreError, match="`maxmemory-policy noeviction`"):
        opened(server.address)


def test_where_settings_are_hidden_the_sync_is_waited_for(server: Any) -> None:
    set_to(server, appendfsync="everysec")
    narrow = hide_settings(server)
    with closing(server.client()) as client:
        waits = "waitaof" in client.command()
    if not waits:
        with pytest.raises(StoreError, match="allow `CONFIG GET`, or use a server with WAITAOF"):
            opened(narrow)
        return
    with closing(opened(narrow)) as log:
        log.append([record("a")]).result()
        # It waits for what its own connection wrote, so no other one may have written.
        with closing(server.client()) as client:
            last = {each["cmd"] for each in client.client_list() if each["user"] == "narrow"}
        assert "waitaof" in last and "exec" not in last
        server.kill()
        server.start()
        hide_settings(server)
        assert log.get("a")
    set_to(server, appendonly="no")
    with pytest.raises(StoreError, match="appendonly is disabled"):
        opened(narrow)


def test_a_full_server_refuses_and_keeps_what_it_has(server: Any, log: PredictionLog) -> None:
    log.append([record("a")]).result()
    set_to(server, maxmemory="1kb")
    for records in ([record("b")], []):
        with pytest.raises(StoreError, match="nothing that was acknowledged is lost"):
            log.append(records).result()
    assert log.totals() == Counts(1, 0)
    set_to(server, maxmemory="0")
    log.append([record("b")]).result()
    assert log.totals() == Counts(2, 0)


def test_logs_of_two_names_know_nothing_of_each_other(server: Any) -> None:
    one, other = f"{server.address}?name=one", f"{server.address}?name=other"
    with closing(opened(one)) as first, closing(opened(other)) as second:
        first.append([record("a", entity_key="k")]).result()
        assert second.totals() == Counts(0, 0)
        assert second.erase("k") == 0
        assert first.totals() == Counts(1, 0)


def test_a_log_with_a_newer_layout_is_left_alone(server: Any, log: PredictionLog) -> None:
    with closing(server.client()) as client:
        client.set("predictions:layout", LAYOUT + 1)
    with pytest.raises(StoreError, match=f"layout is number {LAYOUT + 1} .* update the project"):
        opened(server.address)


def as_layout_1(server: Any, record: Record, *, labelled: bool) -> None:
    """What the project that knew layout 1 wrote for a prediction and its label."""
    with closing(redis.Redis(port=server.port)) as client:
        packed = pack(record)
        rest = (packed.entity_key, packed.arrival_time, packed.columns, packed.outputs)
        value = packed_value(packed, "")[:9] + msgspec.json.encode(rest)
        member = value[1:9] + record.prediction_id.encode()
        client.set("predictions:layout", 1)
        client.set(f"predictions:0:p:{record.prediction_id}", value)
        client.zadd(f"predictions:0:s:{value[0]}", {member: 0})
        if record.entity_key is not None:
            client.sadd(f"predictions:0:e:{record.entity_key}", value[:9] + member[8:])
        if labelled:
            client.set(f"predictions:0:l:{record.prediction_id}", "0 true")
            client.zadd(f"predictions:0:sl:{value[0]}", {member: 0})


def test_an_older_layout_is_brought_up_to_date(server: Any) -> None:
    old = [
        Record(f"p{n}", f"k{n}", START + n * DAY, START, {}, (Output("3", "champion", True, 1),))
        for n in range(3)
    ]
    for prediction in old:
        as_layout_1(server, prediction, labelled=prediction.prediction_id == "p1")
    with closing(opened(server.address)) as log:
        assert log.get("p1") == LoggedRow(old[1], Label("p1", True, EPOCH))
        assert log.totals() == log.count(None, None, version="3") == Counts(3, 1)
        # A process of before goes on beside this one.
        late = Record("p3", "k3", START, START, {}, (Output("4", "champion", True, 1),))
        as_layout_1(server, late, labelled=False)
        assert log.add_labels([Label("p3", True, START)]).joined == 1
        assert log.totals() == Counts(4, 2)
        assert len(log.sample(None, None, 9)) == len(list(log.rows(None, None))) == 4
    with closing(opened(server.address)) as log:
        assert log.count(None, None, version="4") == Counts(1, 1)
        assert log.erase("k1") == 1
        assert log.prune(START + DAY) == 2
        assert log.count(None, None, version="3") == log.totals() == Counts(1, 0)
        assert log.prune(START + 9 * DAY) == 1
    with closing(server.client()) as client:
        assert {*client.scan_iter()} == {"predictions:layout"}


def test_erased_bytes_are_no_longer_in_the_files(
    server: Any, log: PredictionLog, tmp_path: Path
) -> None:
    def written() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    log.append([record("a", entity_key="a-very-personal-key"), record("b")]).result()
    assert b"a-very-personal-key" in written()
    assert log.erase("a-very-personal-key") == 1
    deadline = time.monotonic() + 20
    while b"a-very-personal-key" in written():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert log.get("b")


@pytest.mark.parametrize("labelled", [None, True])
def test_what_a_sample_and_a_count_read_does_not_grow_with_the_log(
    server: Any, labelled: bool | None
) -> None:
    def bytes_sent(ask: Callable[[], object]) -> int:
        with closing(server.client()) as client:
            before = client.info("stats")["total_net_output_bytes"]
            ask()
            after: int = client.info("stats")["total_net_output_bytes"]
            return after - before

    costs: list[int] = []
    for size in (2_000, 20_000):
        with closing(opened(f"{server.address}?name=log{size}")) as log:
            step = 2 * DAY / size
            log.append([record(f"p{n}", START + n * step) for n in range(size)]).result()
            log.add_labels([Label(f"p{n}", True, START) for n in range(0, size, 2)])
            narrow = START + timedelta(hours=3, seconds=7), START + timedelta(hours=20, seconds=11)
            for window in ((None, None), narrow):
                costs.append(bytes_sent(partial(log.sample, *window, 100, labelled=labelled)))
                costs.append(bytes_sent(partial(log.count, *window)))
    small, large = costs[:4], costs[4:]
    assert all(more < 1.5 * less for less, more in zip(small, large, strict=True))
