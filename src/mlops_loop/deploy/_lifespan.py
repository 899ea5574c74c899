"""The ASGI lifespan of an application that no server runs."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Scope, Receive, Send], Awaitable[None]]


class Lifespan:
    """Starts an application once, and stops it.

    Attributes:
        state: what the application's lifespan hands to its requests.
    """

    def __init__(self, app: AsgiApplication) -> None:
        self._app = app
        self._task: asyncio.Task[None] | None = None
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self.state: dict[str, Any] = {}

    async def start(self) -> None:
        """Run the application's startup; the exception that it raises is raised here."""
        started = asyncio.Event()
        self._messages.put_nowait({"type": "lifespan.startup"})

        async def send(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set()

        async def run() -> None:
            scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self.state}
            try:
                await self._app(scope, self._messages.get, send)
            finally:
                started.set()

        self._task = asyncio.create_task(run())
        await started.wait()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Run the application's shutdown."""
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        if self._task is not None:
            await self._task
