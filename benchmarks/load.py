"""A client of the standard library: so many connections, one request after another on each."""

import asyncio
import time
from dataclasses import dataclass, field
from statistics import median


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


def post(port: int, path: str, body: bytes, *, seconds: float, connections: int) -> Load:
    """Send the same body again and again to 127.0.0.1 for so many seconds."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    load = Load(seconds)

    async def all_connections() -> None:
        until = time.perf_counter() + seconds
        clients = (_connection(port, request, until, load) for _ in range(connections))
        # A server that hangs must not hang the benchmark.
        await asyncio.wait_for(asyncio.gather(*clients), seconds + 30)

    asyncio.run(all_connections())
    return load


async def _connection(port: int, request: bytes, until: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < until:
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
