"""Checks whether a Redis server makes writes durable."""

from collections.abc import Callable

import redis

from ..errors import StoreError
from ._redis_server import SECONDS

Confirm = Callable[[redis.Redis], None]

_BEST_EFFORT = "say `?durability=best_effort` in `prediction_log`"


def confirmation(client: redis.Redis) -> Confirm:
    """How to find out, after each commit, that it is durable.

    By the server's settings, or, where they may not be read, by waiting for its sync.

    Raises:
        StoreError: if the server syncs too late, drops keys, or gives no way to find out.
    """
    try:
        by_settings(client)
        _keeps_keys(client)
        return by_settings
    except redis.ResponseError:
        pass  # managed servers often forbid CONFIG
    try:
        by_waiting(client)
        return by_waiting
    except redis.ResponseError as error:
        raise StoreError(
            f"cannot find out whether it syncs writes to disk ({error}): allow `CONFIG GET`,"
            f" or use a server with WAITAOF (Redis 7.2, Valkey), or {_BEST_EFFORT}"
        ) from error


def by_settings(client: redis.Redis) -> None:
    """An answer leaves after the sync if both settings say so."""
    found = client.config_get("append*")
    appendonly, appendfsync = found.get("appendonly"), found.get("appendfsync")
    if (appendonly, appendfsync) != ("yes", "always"):
        raise StoreError(
            f"its appendonly is {appendonly} and its appendfsync {appendfsync}, so that it may"
            " lose what it has acknowledged: set `appendonly yes` and `appendfsync always`,"
            f" or {_BEST_EFFORT}"
        )


def by_waiting(client: redis.Redis) -> None:
    """Wait until all that this connection wrote is in the append-only file."""
    synced, _ = client.waitaof(1, 0, int(SECONDS * 1_000))
    if not synced:
        raise StoreError(
            f"its append-only file was not synced within {SECONDS:.0f} s: see to its disk"
        )


def _keeps_keys(client: redis.Redis) -> None:
    found = client.config_get("maxmemory*")
    policy = found.get("maxmemory-policy") or ""
    if found.get("maxmemory") != "0" and policy.startswith("allkeys"):
        raise StoreError(
            f"its maxmemory-policy is {policy}, so that it drops predictions when it is full:"
            f" set `maxmemory-policy noeviction`, or {_BEST_EFFORT}"
        )
