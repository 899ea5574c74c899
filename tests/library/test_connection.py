"""What is written in one turn of the event loop leaves in one piece."""

import asyncio

from mlops_loop.serving.frameworks.fastapi_connection import Connection


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def test_head_and_body_leave_together() -> None:
    async def answer_twice(wire: Wire) -> None:
        connection = Connection(wire)
        connection.write(b"head ")
        connection.write(b"body")
        assert wire.sent == []
        await asyncio.sleep(0)
        connection.write(b"another")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    wire = Wire()
    asyncio.run(answer_twice(wire))
    assert wire.sent == [b"head body", b"another"]


def test_what_was_written_leaves_before_the_connection_closes() -> None:
    async def answer_and_close(wire: Wire) -> None:
        connection = Connection(wire)
        connection.write(b"head ")
        connection.write(b"body")
        connection.close()
        assert connection.is_closing()
        await asyncio.sleep(0)

    wire = Wire()
    asyncio.run(answer_and_close(wire))
    assert wire.sent == [b"head body"]


def test_a_long_answer_is_not_held_back() -> None:
    async def stream(wire: Wire) -> int:
        connection = Connection(wire)
        for _ in range(100):
            connection.write(b"x" * 10_000)
        return sum(map(len, wire.sent))

    wire = Wire()
    assert asyncio.run(stream(wire)) > 900_000
