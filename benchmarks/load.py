"""A client of the standard library: so many connections, one request after another on each."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median, quantiles


@dataclass
class Load:
    """What a stretch of load brought.

    Attributes:
        latencies: seconds a request, of those that were answered with 200.
        failed: requests that were answered with anything else.
    """

    seconds: float
    latencies: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    @property
    def median_ms(self) -> float:
        return 1e3 * median(self.latencies)

    @property
    def p99_ms(self) -> float:
        return 1e3 * quantiles(self.latencies, n=100)[-1]


def post(
    port: int,
    path: str,
    body: bytes,
    *,
    seconds: float,
    connections: int,
    rate: float | None = None,
) -> Load:
    """Send the same body again and again to 127.0.0.1 for so many seconds.

    Each connection sends as soon as it has its answer; or, with a `rate` in requests a second, all
    of them by turns when it is time. A request that has to wait for its connection is late, and
    its latency counts from when it was due.
    """
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    load = Load(seconds)

    async def all_connections() -> None:
        began = time.perf_counter()
        clients = (
            _connection(
                port, request, _due(began, number, connections, rate), began + seconds, load
            )
            for number in range(connections)
        )
        # A server that hangs must not hang the benchmark.
        await asyncio.wait_for(asyncio.gather(*clients), seconds + 30)

    asyncio.run(all_connections())
    return load


def _due(began: float, number: int, connections: int, rate: float | None) -> Iterator[float]:
    """When one of the connections is to send: at once, or in its turn."""
    if rate is None:
        while True:
            yield time.perf_counter()
    for turn in count():
        yield began + (turn * connections + number) / rate


async def _connection(
    port: int, request: bytes, due: Iterator[float], until: float, load: Load
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := next(due)) < until:
        if (early := began - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        if head.startswith(b"HTTP/1.1 200"):
            load.latencies.append(time.perf_counter() - began)
        else:
            load.failed += 1
    writer.close()
    await writer.wait_closed()


def _length(head: bytes) -> int:
    after = head.lower().partition(b"content-length:")[2]
    return int(after.partition(b"\r\n")[0])
