"""uvicorn for the service: it does not wait for ever for the rest of a request."""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from ..reception import Reception
from .fastapi_connection import Connection
from .fastapi_endpoints import ASGIApp
from .slow_clients import SlowClients

_BACKLOG = 2048
_DRAIN_SECONDS = 30
# Longer than load balancers keep idle connections, so that it is they who close them.
_KEEP_ALIVE_SECONDS = 75
# uvicorn ticks ten times a second.
_TICKS = 10


class Uvicorn:
    """An application on a listening socket."""

    def __init__(self, app: ASGIApp, reception: Reception, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            backlog=_BACKLOG,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        self._server = _Server(config, reception.request_timeout)
        self._listener = listener

    def run(self) -> None:
        self._server.run(sockets=[self._listener])

    def stop(self) -> None:
        self._server.should_exit = True


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(Connection(transport))


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, patience: float) -> None:
        super().__init__(config)
        self._slow: SlowClients[Any] = SlowClients(patience)

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            connections: set[Any] = set(self.server_state.connections)
            for late in self._slow.late({one: one.cycle for one in connections if _awaited(one)}):
                late.transport.close()
        return await super().on_tick(counter)


def _awaited(connection: Any) -> bool:
    """Whether a connection owes a request, or the rest of one."""
    cycle = connection.cycle
    if cycle is None or cycle.response_complete:
        # Between two requests uvicorn has a timer of its own.
        return connection.timeout_keep_alive_task is None
    return bool(cycle.more_body)
