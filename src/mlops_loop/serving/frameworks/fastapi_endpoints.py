"""The service's own endpoints as an ASGI application."""

from asyncio import get_running_loop, wrap_future
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from ..endpoints import Endpoint
from ..openapi import ENTITY_HEADER, KEY_HEADER
from ..problem import Problem
from ..reception import REQUEST_ID_HEADER, Reception, Visit
from ..response import Response
from .fastapi_gathering import Gathering

_API_KEY, _ENTITY_KEY, _REQUEST_ID = (
    name.lower().encode() for name in (KEY_HEADER, ENTITY_HEADER, REQUEST_ID_HEADER)
)

# Threads for answers that take long enough for others to notice; starlette has as many.
_THREADS = 40

Headers = Mapping[bytes, bytes]
Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class Endpoints:
    """An ASGI application that answers the service's endpoints, and passes on all else.

    What FastAPI does around an endpoint of its own costs as much as the whole answer.

    Args:
        app: answers all else; None if there is nothing else.
        reception: what each request passes.
    """

    def __init__(self, app: ASGIApp | None, reception: Reception) -> None:
        self._app = app
        self._reception = reception
        self._gatherings = {
            endpoint: Gathering(endpoint.together)
            for endpoint in reception.endpoints.values()
            if endpoint.together is not None
        }
        self._leaving: list[tuple[Visit, Response]] = []
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await (self._app or _no_lifespan)(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _text(headers, _REQUEST_ID)
        visit = self._reception.arrive(scope["method"], scope["path"], request_id)
        response: Response | None = None
        try:
            endpoint = self._reception.admit(visit, _text(headers, _API_KEY))
            if endpoint is not None:
                response = await self._answer(endpoint, headers, receive)
            elif self._app is None:
                raise Problem(404, "there is nothing here: /docs shows what there is")
        except Exception as error:
            response = self._reception.failed(visit, error)
        if response is not None:
            await _send(send, visit, response)
            self._leave(visit, response)
        elif self._app is not None:
            await self._pass_on(self._app, visit, scope, receive, send)

    async def _answer(self, endpoint: Endpoint, headers: Headers, receive: Receive) -> Response:
        body = b""
        if endpoint.method == "POST":
            self._reception.require_json(_text(headers, b"content-type"))
            body = await self._read(headers, receive)
        entity_key = _text(headers, _ENTITY_KEY)
        with self._reception.slot(endpoint):
            if not endpoint.may_block(len(body)):
                gathering = self._gatherings.get(endpoint)
                if gathering is not None:
                    return await gathering.ask(body, entity_key)
                response = endpoint.answer(body, entity_key)
            else:
                work = partial(copy_context().run, endpoint.answer, body, entity_key)
                response = await get_running_loop().run_in_executor(self._threads, work)
            if response.recorded is not None:
                await wrap_future(response.recorded)
        return response

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body; Problem 413 as soon as it is known to be too long."""
        limit = self._reception.max_body_bytes
        if int(headers.get(b"content-length", b"0")) > limit:
            raise self._reception.too_large()
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(400, "the connection closed before the whole body was here")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise self._reception.too_large()
            if not message.get("more_body"):
                return b"".join(parts)

    async def _pass_on(
        self, app: ASGIApp, visit: Visit, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Let another application answer, under the same id."""
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), _id_of(visit)]
            await send(message)

        scope["visit"] = visit
        try:
            await app(scope, receive, answer)
        except Exception:
            # FastAPI raises again what it has answered with a problem.
            if not status:
                raise
        finally:
            self._leave(visit, Response(b"", status or 500))

    def _leave(self, visit: Visit, response: Response) -> None:
        """Leave together with all others that go in this turn of the event loop."""
        if not self._leaving:
            get_running_loop().call_soon(self._leave_together)
        self._leaving.append((visit, response))

    def _leave_together(self) -> None:
        leaving, self._leaving = self._leaving, []
        self._reception.leave(*leaving)


async def _no_lifespan(_: Scope, receive: Receive, send: Send) -> None:
    """There is nothing to begin with, or to end."""
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})


async def _send(send: Send, visit: Visit, response: Response) -> None:
    headers = [
        (b"content-type", response.media_type.encode("latin-1")),
        (b"content-length", b"%d" % len(response.content)),
        _id_of(visit),
    ]
    if response.headers:
        headers += [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _id_of(visit: Visit) -> tuple[bytes, bytes]:
    return _REQUEST_ID, visit.request_id.encode()


def _text(headers: Headers, name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")
