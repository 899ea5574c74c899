"""A server that may lose what it acknowledges is refused, and one without space loses nothing."""

import sys
from contextlib import closing

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts, PredictionLog

from ...store_server import opened
from ...stores.postgresql import Server
from ..records import label, plain


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_syncs_too_late_is_refused(
    server: Server, address: str, setting: str
) -> None:
    server.set(**{setting: "off"})
    with pytest.raises(StoreError, match=f"its {setting} is off.* set `{setting} = on`"):
        opened(address)
    with closing(opened(f"{address}&durability=best_effort")) as log:
        log.append([plain("a")]).result()
        # Nobody waited, so that it may not be there yet; labels are waited for.
        log.add_labels([label("a")])
        assert log.totals() == Counts(1, 1)


def test_a_setting_that_changes_meanwhile_is_noticed(server: Server, log: PredictionLog) -> None:
    log.append([plain("a")]).result()
    server.set(fsync="off")
    with pytest.raises(StoreError, match="its fsync is off"):
        log.append([plain("b")]).result()
    server.set(fsync="on")
    log.append([plain("b")]).result()
    assert log.totals() == Counts(2, 0)


def begin_again(server: Server, file_size: int | None = None) -> None:
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
            log.append([plain(f"{number}-{row}", note="x" * 1500) for row in range(500)]).result()
        except StoreError as error:
            assert "could not extend file" in str(error)
            return number * 500
    raise AssertionError("the server has taken more than it could")


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit that a full disk could be had by")
def test_a_full_disk_refuses_until_there_is_space_and_loses_nothing(
    server: Server, address: str
) -> None:
    query = "SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'"
    begin_again(server, server.ask(query)[0][0])
    with closing(opened(address)) as log:
        kept = append_until_refused(log)
        # Nothing is no answer to whether something would be taken, unless it is written.
        for _ in range(3):
            with pytest.raises(StoreError, match="could not extend file"):
                log.append([]).result()
        assert log.totals() == Counts(kept, 0)
        begin_again(server)
        log.append([]).result()
        log.append([plain("more")]).result()
        assert log.totals() == log.count(None, None) == Counts(kept + 1, 0)


def test_appending_nothing_leaves_nothing(server: Server, log: PredictionLog, schema: str) -> None:
    log.append([plain("a")]).result()
    place = "SELECT pg_current_wal_flush_lsn()"
    before = server.ask(place)
    log.append([]).result()
    assert server.ask(place) > before
    for table, rows in (("predictions", 1), ("labels", 0), ("counters", 2)):
        assert server.ask(f"SELECT count(*) FROM {schema}.{table}") == [(rows,)]
