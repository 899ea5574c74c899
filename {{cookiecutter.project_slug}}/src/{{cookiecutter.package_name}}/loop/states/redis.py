"""The loop's state and its lease in Redis: one hash beside the predictions.

Each change is a transaction that begins anew if somebody else was faster (WATCH). It is as durable
as a prediction: the server answers once it has synced.
"""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import redis

from ...prediction_log.redis import current_keys
from ...prediction_log.redis_server import RedisServer
from ..state import Lease, State, granted

Answer = TypeVar("Answer")
Change = dict[Any, Any]  # fields of the hash


def open_state(address: str, root: Path) -> "RedisStateStore":
    """The state beside the log at `redis://HOST:PORT/DATABASE`."""
    return RedisStateStore(RedisServer(address, root))


class _Kept(NamedTuple):
    """What the hash holds."""

    state: State
    revision: int
    lease: Lease | None


class RedisStateStore:
    def __init__(self, server: RedisServer) -> None:
        self._server = server

    def load(self) -> tuple[State, int]:
        def read(kept: _Kept) -> tuple[tuple[State, int], Change]:
            return (kept.state, kept.revision), {}

        return self._change(read)

    def save(self, state: State, revision: int, fence: int | None = None) -> bool:
        def write(kept: _Kept) -> tuple[bool, Change]:
            if fence is not None and (kept.lease is None or kept.lease.fence != fence):
                return False, {}
            if kept.revision != revision:
                return False, {}
            return True, {"state": msgspec.json.encode(state), "revision": revision + 1}

        return self._change(write)

    def acquire(
        self, holder: str, now: datetime, until: datetime, fence: int | None = None
    ) -> Lease:
        def take(kept: _Kept) -> tuple[Lease, Change]:
            lease = granted(kept.lease, holder, now, until, fence)
            return lease, {} if lease == kept.lease else {"lease": msgspec.json.encode(lease)}

        return self._change(take)

    def release(self, lease: Lease) -> None:
        def let_go(kept: _Kept) -> tuple[None, Change]:
            if kept.lease is None or kept.lease.fence != lease.fence:
                return None, {}
            return None, {"lease": msgspec.json.encode(kept.lease.free())}

        self._change(let_go)

    def _change(self, decide: Callable[[_Kept], tuple[Answer, Change]]) -> Answer:
        """Write what `decide` makes of what there is, unless that has changed meanwhile."""
        with self._server.explained(), closing(self._server.connect()) as client:
            key = current_keys(client, self._server.log_name).loop
            with client.pipeline() as pipeline:
                while True:
                    pipeline.watch(key)  # type: ignore[no-untyped-call]
                    answer, change = decide(_read(pipeline.hgetall(key)))
                    if not change:
                        return answer
                    pipeline.multi()
                    pipeline.hset(key, mapping=change)
                    with suppress(redis.WatchError):
                        pipeline.execute()
                        return answer


def _read(fields: Any) -> _Kept:
    if not fields:
        return _Kept(State(), 0, None)
    lease, state = fields.get(b"lease"), fields.get(b"state")
    return _Kept(
        state=msgspec.json.decode(state, type=State) if state else State(),
        revision=int(fields.get(b"revision", 0)),
        lease=msgspec.json.decode(lease, type=Lease) if lease else None,
    )
