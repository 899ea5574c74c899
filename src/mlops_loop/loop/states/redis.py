"""The loop's state and its lease in Redis: one hash beside the predictions.

Each change is a transaction that begins anew if somebody else was faster (WATCH). It is as durable
as a prediction: the server answers once it has synced.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeVar

import redis

from ...prediction_log.redis import current_keys
from ...prediction_log.redis_server import RedisServer
from ..leased_state import EncodedState, LeasedStateStore, StoredState, encode_state

Answer = TypeVar("Answer")


def open_state(address: str, root: Path, target_digest: str = "") -> LeasedStateStore:
    """The state beside the log at `redis://HOST:PORT/DATABASE`."""
    return LeasedStateStore(RedisStateBackend(RedisServer(address, root)), target_digest)


class RedisStateBackend:
    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        with self._server.translate_errors(), closing(self._server.connect()) as client:
            key = current_keys(client, self._server.log_name).loop
            with client.pipeline() as pipeline:
                while True:
                    pipeline.watch(key)  # type: ignore[no-untyped-call]
                    found = _read(pipeline.hgetall(key))
                    answer, stored = decide(found)
                    if stored == found:
                        return answer
                    fields = encode_state(stored)._asdict().items()
                    pipeline.multi()
                    pipeline.hset(key, mapping={k: v for k, v in fields if v is not None})
                    with suppress(redis.WatchError):
                        pipeline.execute()
                        return answer


def _read(fields: Any) -> StoredState:
    revision = int(fields.get(b"revision", 0))
    return EncodedState(fields.get(b"state"), revision, fields.get(b"lease")).decode()
