"""Requests to FastAPI's event loop: which of them are answered in one batch."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.serving.frameworks.fastapi_gathering import Gathering
from mlops_loop.serving.response import Response


class Batches:
    """Answers each batch with its bodies; records become durable when `record` says so."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._open: list[Future[None]] = []
        self._gathering = Gathering(self._answer)

    def _answer(self, asked: Sequence[tuple[bytes, str | None]]) -> list[Response | Exception]:
        self.sizes.append(len(asked))
        recorded: Future[None] = Future()
        self._open.append(recorded)
        return [
            ValueError("not a row") if body == b"bad" else Response(body, recorded=recorded)
            for body, _ in asked
        ]

    async def ask(self, *bodies: bytes) -> list["asyncio.Task[Response]"]:
        """Begin to ask, and give the event loop the turns that it takes to answer."""
        tasks = [asyncio.create_task(self._gathering.ask(body, None)) for body in bodies]
        await turns()
        return tasks

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


def test_a_caller_who_is_alone_waits_for_nobody() -> None:
    async def scene() -> None:
        batches = Batches()
        for body in (b"one", b"two"):
            (task,) = await batches.ask(body)
            assert not task.done()
            await batches.record()
            assert task.result().content == body
        assert batches.sizes == [1, 1]

    played(scene())


def test_a_batch_waits_until_it_is_as_large_as_what_is_being_recorded() -> None:
    async def scene() -> None:
        batches = Batches()
        first = await batches.ask(b"1", b"2", b"3")
        second = await batches.ask(b"4", b"5")
        assert batches.sizes == [3]
        second += await batches.ask(b"6")
        assert batches.sizes == [3, 3]
        third = await batches.ask(b"7")
        await batches.record()
        assert [task.result().content for task in first] == [b"1", b"2", b"3"]
        assert not any(task.done() for task in second + third)
        # Nothing is being recorded any more, so there is nothing to wait for.
        await batches.record()
        assert all(task.done() for task in second) and batches.sizes == [3, 3, 1]
        await batches.record()
        assert third[0].result().content == b"7"

    played(scene())


def test_an_error_is_for_the_one_whose_it_is_and_a_lost_record_for_all_of_its_batch() -> None:
    async def scene() -> None:
        batches = Batches()
        good, bad = await batches.ask(b"good", b"bad")
        assert isinstance(bad.exception(), ValueError) and not good.done()
        waiting = await batches.ask(b"next")
        await batches.record(StoreError("the disk is full"))
        with pytest.raises(StoreError, match="the disk is full"):
            good.result()
        await batches.record()
        assert waiting[0].result().content == b"next"
        assert batches.sizes == [2, 1]

    played(scene())


def test_who_goes_away_leaves_the_others_their_answers() -> None:
    async def scene() -> None:
        batches = Batches()
        gone, stays = await batches.ask(b"gone", b"stays")
        gone.cancel()
        await turns()
        await batches.record()
        assert gone.cancelled() and stays.result().content == b"stays"

    played(scene())
