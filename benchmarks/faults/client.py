"""A load that remembers each answer: rows one after another on so many connections."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, NamedTuple

_PATIENCE = 30.0
_PAUSE = 0.02

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """An acknowledged prediction, and which row it is about."""

    row: int
    prediction_id: str
    version: str
    content: dict[str, Any]


@dataclass
class Load:
    """Runs in a thread from `with` to its end.

    Args:
        port: of the service, on 127.0.0.1.
        rows: to ask about, by turns.
        connections: at once.
        rate: requests a second of all connections together; as fast as they go if None.
        fresh: columns that have other values in each request.

    Attributes:
        answers: what was answered by 200, in its order.
        refused: what was answered otherwise: status and text.
        cut: requests whose connection broke before the answer was there.
        slowest: seconds of the slowest request that was answered by 200.
    """

    port: int
    rows: Sequence[dict[str, Any]]
    connections: int = 16
    rate: float | None = None
    fresh: Callable[[], dict[str, Any]] | None = None
    answers: list[Answer] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    cut: int = 0
    slowest: float = 0.0

    def __enter__(self) -> "Load":
        self._requests = [_request(row) for row in self.rows]
        self._stopped = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._all()), name="load")
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._connection(number) for number in range(self.connections)))

    async def _connection(self, number: int) -> None:
        streams: Streams | None = None
        pause = self.connections / self.rate if self.rate else 0.0
        row = number
        while not self._stopped.is_set():
            due = time.monotonic() + pause
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                # Nothing was asked, so nothing has failed: the service is not there yet.
                await asyncio.sleep(_PAUSE)
                continue
            row = (row + self.connections) % len(self.rows)
            try:
                await asyncio.wait_for(self._ask(streams, row), _PATIENCE)
            except (OSError, EOFError, TimeoutError):
                self.cut += 1
                streams[1].close()
                streams = None
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if streams is not None:
            streams[1].close()

    def _asked(self, row: int) -> bytes:
        if self.fresh is None:
            return self._requests[row]
        return _request({**self.rows[row], **self.fresh()})

    async def _ask(self, streams: Streams, row: int) -> None:
        reader, writer = streams
        began = time.monotonic()
        writer.write(self._asked(row))
        head = await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(_length(head))
        status = int(head.split(b" ", 2)[1])
        if status == 200:
            found = json.loads(content)
            answer = Answer(row, found["prediction_id"], found["model_version"], found)
            self.answers.append(answer)
            self.slowest = max(self.slowest, time.monotonic() - began)
        else:
            self.refused.append((status, content.decode()))


def _request(row: dict[str, Any]) -> bytes:
    body = json.dumps(row).encode()
    head = "POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
