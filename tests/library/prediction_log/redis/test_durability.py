"""A server that may lose what it acknowledges is refused."""

from contextlib import closing

import pytest

from mlops_loop.errors import StoreError, StoreUnavailableError
from mlops_loop.prediction_log import Counts, PredictionLog

from ...store_server import opened
from ...stores.redis import Server
from ..records import label, plain


def hide_settings(server: Server) -> str:
    """The server's address for a user who may do all but read the settings."""
    everything = {"keys": ["*"], "categories": ["+@all"], "commands": ["-config"]}
    with closing(server.client()) as client:
        client.acl_setuser("narrow", enabled=True, passwords=["+narrow"], **everything)
    return server.address.replace("127.0.0.1", "narrow:narrow@127.0.0.1")


@pytest.mark.parametrize("weak", [{"appendfsync": "everysec"}, {"appendonly": "no"}])
def test_a_server_that_syncs_too_late_is_refused(server: Server, weak: dict[str, str]) -> None:
    server.set(**weak)
    with pytest.raises(StoreError, match="`appendonly yes` and `appendfsync always`"):
        opened(server.address)
    with closing(opened(f"{server.address}?durability=best_effort")) as log:
        log.append([plain("a")]).result()
        # Nobody waited, so that it may not be there yet; labels are waited for.
        log.add_labels([label("a")])
        assert log.totals() == Counts(1, 1)


def test_a_setting_that_changes_meanwhile_is_noticed(server: Server, log: PredictionLog) -> None:
    log.append([plain("a")]).result()
    server.set(appendfsync="everysec")
    with pytest.raises(StoreError, match="its appendfsync everysec"):
        log.append([plain("b")]).result()
    server.set(appendfsync="always")
    log.append([plain("b")]).result()
    assert log.totals() == Counts(2, 0)


def test_a_server_that_drops_keys_is_refused(server: Server) -> None:
    server.set(maxmemory="1gb", maxmemory_policy="allkeys-lru")
    with pytest.raises(StoreError, match="`maxmemory-policy noeviction`"):
        opened(server.address)


def test_where_settings_are_hidden_the_sync_is_waited_for(server: Server) -> None:
    server.set(appendfsync="everysec")
    narrow = hide_settings(server)
    with closing(server.client()) as client:
        waits = "waitaof" in client.command()
    if not waits:
        with pytest.raises(StoreError, match="allow `CONFIG GET`, or use a server with WAITAOF"):
            opened(narrow)
        return
    with closing(opened(narrow)) as log:
        log.append([plain("a")]).result()
        # It waits for what its own connection wrote, so no other one may have written.
        with closing(server.client()) as client:
            last = {each["cmd"] for each in client.client_list() if each["user"] == "narrow"}
        assert "waitaof" in last and "exec" not in last
        server.kill()
        server.start()
        hide_settings(server)
        assert log.get("a")
    server.set(appendonly="no")
    with pytest.raises(StoreError, match="appendonly is disabled"):
        opened(narrow)


def test_a_full_server_refuses_and_keeps_what_it_has(server: Server, log: PredictionLog) -> None:
    log.append([plain("a")]).result()
    server.set(maxmemory="1kb")
    for records in ([plain("b")], []):
        with pytest.raises(StoreUnavailableError, match="nothing that was acknowledged is lost"):
            log.append(records).result()
    assert log.totals() == Counts(1, 0)
    server.set(maxmemory="0")
    log.append([plain("b")]).result()
    assert log.totals() == Counts(2, 0)
