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
    """With nothing to do, one request is one batch, and waits for nobody.

    While answers are being recorded, a batch waits until it is as large as what is: a record in a
    large group costs a fraction of one in a small group, and so does a row for the model. So under
    load half of the clients are answered while the records of the other half become durable.

    Args:
        answer: answers several requests, in their order.
    """

    def __init__(self, answer: Callable[[Sequence[Asked]], list[Response | Exception]]) -> None:
        self._answer = answer
        self._asked: list[Asked] = []
        self._waiting: list[Waiting] = []
        self._recording = 0
        self._planned = False

    async def ask(self, body: bytes, entity_key: str | None) -> Response:
        """The answer to one request, once it is recorded; raises what `answer` gave instead."""
        waiting: Waiting = asyncio.get_running_loop().create_future()
        self._asked.append((body, entity_key))
        self._waiting.append(waiting)
        self._plan()
        return await waiting

    def _plan(self) -> None:
        """Take the next turn, if those who wait are enough and it is not planned already."""
        if not self._planned and len(self._asked) >= max(1, self._recording):
            self._planned = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._planned = False
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
                self._recording += len(group)
                asyncio.wrap_future(recorded).add_done_callback(partial(self._recorded, group))

    def _recorded(
        self, group: list[tuple[Waiting, Response]], recorded: asyncio.Future[None]
    ) -> None:
        self._recording -= len(group)
        _deliver(group, recorded.exception())
        self._plan()


def _deliver(group: list[tuple[Waiting, Response]], error: BaseException | None) -> None:
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
