"""Requests in FastAPI's event loop: which of them are handled in one batch."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.serving._prediction_handler import PendingRequest
from mlops_loop.serving._response import ServiceResponse
from mlops_loop.serving.fastapi._micro_batcher import MicroBatcher


class Batches:
    """Answers each batch with its bodies; records become durable when `record` says so."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._open: list[Future[None]] = []
        self._batcher = MicroBatcher(self._handle)

    def _handle(self, requests: Sequence[PendingRequest]) -> list[ServiceResponse | Exception]:
        self.sizes.append(len(requests))
        recorded: Future[None] = Future()
        self._open.append(recorded)
        return [
            (
                ValueError("not a row")
                if request.body == b"bad"
                else ServiceResponse(request.body, recorded)
            )
            for request in requests
        ]

    async def submit(self, *bodies: bytes) -> list["asyncio.Future[ServiceResponse]"]:
        """Submit requests, and give the event loop the turns that it takes to handle them."""
        responses = [self._batcher.submit(PendingRequest(body, None)) for body in bodies]
        await turns()
        return responses

    async def record(self, error: Exception | None = None) -> None:
        """The oldest batch that is not durable yet becomes so, or fails to."""
        recorded = self._open.pop(0)
        if error is None:
            recorded.set_result(None)
        else:
            recorded.set_exception(error)
        await turns()


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def played(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 20))


def test_a_single_request_does_not_wait() -> None:
    async def scene() -> None:
        batches = Batches()
        for body in (b"one", b"two"):
            (response,) = await batches.submit(body)
            assert not response.done()
            await batches.record()
            assert response.result().content == body
        assert batches.sizes == [1, 1]

    played(scene())


def test_a_batch_waits_until_it_is_as_large_as_what_is_being_recorded() -> None:
    async def scene() -> None:
        batches = Batches()
        first = await batches.submit(b"1", b"2", b"3")
        second = await batches.submit(b"4", b"5")
        assert batches.sizes == [3]
        second += await batches.submit(b"6")
        assert batches.sizes == [3, 3]
        third = await batches.submit(b"7")
        await batches.record()
        assert [each.result().content for each in first] == [b"1", b"2", b"3"]
        assert not any(each.done() for each in second + third)
        # Nothing is being recorded any more, so there is nothing to wait for.
        await batches.record()
        assert all(each.done() for each in second) and batches.sizes == [3, 3, 1]
        await batches.record()
        assert third[0].result().content == b"7"

    played(scene())


def test_an_error_is_its_own_requests_and_a_failed_record_its_batchs() -> None:
    async def scene() -> None:
        batches = Batches()
        good, bad = await batches.submit(b"good", b"bad")
        assert isinstance(bad.exception(), ValueError) and not good.done()
        waiting = await batches.submit(b"next")
        await batches.record(StoreError("the disk is full"))
        with pytest.raises(StoreError, match="the disk is full"):
            good.result()
        await batches.record()
        assert waiting[0].result().content == b"next"
        assert batches.sizes == [2, 1]

    played(scene())


def test_a_disconnected_caller_does_not_affect_the_others() -> None:
    async def scene() -> None:
        batches = Batches()
        gone, stays = await batches.submit(b"gone", b"stays")
        gone.cancel()
        await turns()
        await batches.record()
        assert gone.cancelled() and stays.result().content == b"stays"

    played(scene())
