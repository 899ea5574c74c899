"""Requests that arrive while the event loop is busy are predicted together, in its next turn."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from .._prediction_handler import PendingRequest
from .._response import ServiceResponse

Waiter = asyncio.Future[ServiceResponse]
Group = list[tuple[Waiter, ServiceResponse]]


class MicroBatcher:
    """Collects requests into batches; an idle service answers each request at once.

    While predictions are being recorded, a batch waits until it is as large as what is: one
    commit of a large group costs a fraction of many small ones, and so does one run of the model.
    So under load half of the callers are answered while the records of the other half become
    durable.

    Args:
        batch_handler: answers several requests, in their order.
    """

    def __init__(
        self,
        batch_handler: Callable[[Sequence[PendingRequest]], list[ServiceResponse | Exception]],
    ) -> None:
        self._batch_handler = batch_handler
        self._requests: list[PendingRequest] = []
        self._waiters: list[Waiter] = []
        self._recording = 0
        self._scheduled = False

    def submit(self, request: PendingRequest) -> Waiter:
        """To be awaited: the response to one request, once it is recorded, or its error."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._requests.append(request)
        self._waiters.append(waiter)
        self._schedule()
        return waiter

    def _schedule(self) -> None:
        """Run in the next turn of the loop if enough requests wait."""
        if not self._scheduled and len(self._requests) >= max(1, self._recording):
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        requests, self._requests = self._requests, []
        waiters, self._waiters = self._waiters, []
        # Records that become durable together wake the loop once.
        groups: dict[Future[None] | None, Group] = defaultdict(list)
        for waiter, response in zip(waiters, self._batch_handler(requests), strict=True):
            if isinstance(response, Exception):
                _settle(waiter, response)
            else:
                groups[response.recorded].append((waiter, response))
        for recorded, group in groups.items():
            if recorded is None or (recorded.done() and not recorded.exception()):
                _deliver(group, None)
            else:
                self._recording += len(group)
                asyncio.wrap_future(recorded).add_done_callback(partial(self._recorded, group))

    def _recorded(self, group: Group, recorded: asyncio.Future[None]) -> None:
        self._recording -= len(group)
        _deliver(group, recorded.exception())
        self._schedule()


def _deliver(group: Group, error: BaseException | None) -> None:
    for waiter, response in group:
        _settle(waiter, error or response)


def _settle(waiter: Waiter, result: ServiceResponse | BaseException) -> None:
    # A caller that disconnected has cancelled its waiter.
    if waiter.done():
        return
    if isinstance(result, BaseException):
        waiter.set_exception(result)
    else:
        waiter.set_result(result)
