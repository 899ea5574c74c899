"""The loop's state and its lease in Redis: one hash beside the predictions.

Each change is a transaction that is repeated if another process was faster (WATCH). It is as
durable as a prediction: the server answers once it has synced.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import redis

from ...prediction_log._redis import current_keys
from ...prediction_log._redis_server import RedisServer
from .._leased_state import Answer, EncodedState, StoredState, encode_state


class RedisStateBackend:
    """A StateBackend beside the log at `redis://HOST:PORT/DATABASE`."""

    def __init__(self, address: str, root: Path) -> None:
        self._server = RedisServer(address, root)

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        with self._server.translate_errors(), closing(self._server.connect()) as client:
            key = current_keys(client, self._server.log_name).loop
            with client.pipeline() as pipeline:
                while True:
                    pipeline.watch(key)  # type: ignore[no-untyped-call]
                    current = _decode(pipeline.hgetall(key))
                    answer, stored = decide(current)
                    if stored == current:
                        return answer
                    fields = encode_state(stored)._asdict().items()
                    pipeline.multi()
                    pipeline.hset(key, mapping={k: v for k, v in fields if v is not None})
                    with suppress(redis.WatchError):
                        pipeline.execute()
                        return answer


def _decode(fields: Any) -> StoredState:
    revision = int(fields.get(b"revision", 0))
    return EncodedState(fields.get(b"state"), revision, fields.get(b"lease")).decode()
