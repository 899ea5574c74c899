"""A connection that sends what is written to it in one turn of the event loop in one piece."""

import asyncio
from typing import Any

# More than this is not held back, so that the event loop sees when a client is slow to read.
_HELD_BYTES = 65_536


class Connection:
    """An asyncio transport around another.

    uvicorn writes the head of an answer and its body one after another, and sending costs more
    than making either of them.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._held:
            asyncio.get_running_loop().call_soon(self._send)
        self._held.append(data)
        self._size += len(data)
        if self._size > _HELD_BYTES:
            self._send()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _send(self) -> None:
        if self._held:
            held, self._held, self._size = self._held, [], 0
            self._transport.write(b"".join(held))
