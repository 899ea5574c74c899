"""Requests that arrive while a batch is being predicted form the next one."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock

from .._prediction_handler import PendingRequest
from .._response import ServiceResponse


class MicroBatcher:
    """One of the waiting threads handles the batch for all of them.

    Args:
        batch_handler: answers several requests, in their order.
    """

    def __init__(
        self,
        batch_handler: Callable[[Sequence[PendingRequest]], list[ServiceResponse | Exception]],
    ) -> None:
        self._batch_handler = batch_handler
        self._queue_lock = Lock()
        self._batch_lock = Lock()
        self._queue: list[tuple[PendingRequest, Future[ServiceResponse]]] = []

    def submit(self, request: PendingRequest) -> ServiceResponse:
        """The response to one request; raises the request's error."""
        own: Future[ServiceResponse] = Future()
        with self._queue_lock:
            self._queue.append((request, own))
        with self._batch_lock:
            if not own.done():
                self._run()
        return own.result()

    def _run(self) -> None:
        with self._queue_lock:
            batch, self._queue = self._queue, []
        responses = self._batch_handler([request for request, _ in batch])
        for (_, future), response in zip(batch, responses, strict=True):
            if isinstance(response, Exception):
                future.set_exception(response)
            else:
                future.set_result(response)
