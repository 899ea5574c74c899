"""Requests that arrive while the event loop is busy are answered together, in its next turn."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from ..response import Response
from ..service import Asked

Waiting = asyncio.Future[Response]


class Gathering:
    """Nobody waits for others to come: with nothing to do, one request is one batch.

    Args:
        answer: answers several requests, in their order.
    """

    def __init__(self, answer: Callable[[Sequence[Asked]], list[Response | Exception]]) -> None:
        self._answer = answer
        self._asked: list[Asked] = []
        self._waiting: list[Waiting] = []

    async def ask(self, body: bytes, entity_key: str | None) -> Response:
        """The answer to one request, once it is recorded; raises what `answer` gave instead."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._turn)
        waiting: Waiting = loop.create_future()
        self._asked.append((body, entity_key))
        self._waiting.append(waiting)
        return await waiting

    def _turn(self) -> None:
        asked, self._asked = self._asked, []
        waiting, self._waiting = self._waiting, []
        # Records that become durable together wake the loop once.
        groups: dict[Future[None] | None, list[tuple[Waiting, Response]]] = defaultdict(list)
        for one, answered in zip(waiting, self._answer(asked), strict=True):
            if isinstance(answered, Exception):
                _settle(one, answered)
            else:
                groups[answered.recorded].append((one, answered))
        for recorded, group in groups.items():
            if recorded is None or (recorded.done() and not recorded.exception()):
                _deliver(group, None)
            else:
                asyncio.wrap_future(recorded).add_done_callback(partial(_deliver, group))


def _deliver(group: list[tuple[Waiting, Response]], recorded: asyncio.Future[None] | None) -> None:
    error = recorded.exception() if recorded is not None else None
    for waiting, response in group:
        _settle(waiting, error or response)


def _settle(waiting: Waiting, outcome: Response | BaseException) -> None:
    # Whoever went away meanwhile waits no more.
    if waiting.done():
        return
    if isinstance(outcome, BaseException):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)
