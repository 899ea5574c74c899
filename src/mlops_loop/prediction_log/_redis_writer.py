"""The Redis log's server as the writer sees it: works are scripts, run in one transaction."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import redis

from ..errors import StoreError
from ._redis_durability import confirmation
from ._redis_scripts import APPEND
from ._redis_server import RedisServer


class Call(NamedTuple):
    """A script and its arguments."""

    script: str
    arguments: Sequence[str | bytes | int]


class RedisWriteBackend:
    """A WriteBackend; its jobs are Calls.

    Args:
        server: the log's server.
        prefix: prefix of the log's keys.
    """

    def __init__(self, server: RedisServer, prefix: bytes) -> None:
        self._server = server
        self._prefix = prefix
        self._client: redis.Redis | None = None
        with server.translate_errors():
            self._client = server.connect_once()
            try:
                self._confirm = confirmation(self._client) if server.acknowledged else _trust
            except BaseException:
                self.close()
                raise

    @property
    def name(self) -> str:
        return self._server.name

    def commit(self, works: Sequence[Call]) -> list[Any]:
        fresh = self._client is None
        try:
            return self._commit(works)
        except redis.ConnectionError:
            if fresh:
                raise
            # The connection ended with its server, which may be there again.
            return self._commit(works)

    def _commit(self, works: Sequence[Call]) -> list[Any]:
        try:
            self._client = self._client or self._server.connect_once()
            merged = list(_merged(works))
            with self._client.pipeline() as together:
                # By itself it takes a second one, and WAITAOF is about what its own has written.
                together.connection = self._client.connection
                for call, _ in merged:
                    together.eval(call.script, 1, self._prefix, *call.arguments)
                answers = together.execute(raise_on_error=False)
            results = [
                answer
                for answer, (_, count) in zip(answers, merged, strict=True)
                for _ in range(count)
            ]
            # Each time, since settings change while a server runs and when it starts again.
            self._confirm(self._client)
            return results
        except Exception:
            self.close()
            raise

    def explain(self, error: Exception) -> Exception:
        if isinstance(error, (redis.RedisError, OSError, StoreError)):
            return self._server.explain(error)
        return error

    def is_backend_error(self, error: Exception) -> bool:
        return True

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def _merged(works: Sequence[Call]) -> Iterator[tuple[Call, int]]:
    """Calls, and how many works each does: predictions in a row need but one call."""
    for script, group in groupby(works, key=lambda work: work.script):
        calls = list(group)
        if script == APPEND:
            yield Call(script, [each for call in calls for each in call.arguments]), len(calls)
        else:
            yield from ((call, 1) for call in calls)


def _trust(client: redis.Redis) -> None:
    """Best effort checks nothing."""
