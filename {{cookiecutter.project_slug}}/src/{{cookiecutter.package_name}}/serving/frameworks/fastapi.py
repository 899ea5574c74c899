"""The service on FastAPI, which uvicorn runs.

Routes that are added to FastAPI work beside the service's own endpoints, under the same keys and
ids, and come into the OpenAPI document. Middleware for all of them goes around `create_app`.
"""

import asyncio
import socket
from collections.abc import Mapping
from functools import partial

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response as StarletteResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..endpoints import Endpoint
from ..openapi import ENTITY_HEADER, KEY_HEADER
from ..problem import Problem
from ..reception import REQUEST_ID_HEADER, Reception, Visit
from ..response import Response
from . import Server
from .fastapi_gathering import Gathering
from .fastapi_server import Uvicorn

_API_KEY, _ENTITY_KEY, _REQUEST_ID = (
    name.lower().encode() for name in (KEY_HEADER, ENTITY_HEADER, REQUEST_ID_HEADER)
)

Headers = Mapping[bytes, bytes]


def create_app(reception: Reception) -> "Endpoints":
    """The service as an ASGI application: its endpoints, and FastAPI for all else."""
    app = FastAPI(title=reception.title, openapi_url=None)
    for kind in (HTTPException, Problem, Exception):
        app.add_exception_handler(kind, partial(_refuse, reception))
    reception.others = lambda: get_openapi(title=app.title, version=app.version, routes=app.routes)
    return Endpoints(app, reception)


def make_server(reception: Reception, listener: socket.socket) -> Server:
    """uvicorn on a listening socket."""
    return Uvicorn(create_app(reception), reception, listener)


class Endpoints:
    """An ASGI application that answers the service's own endpoints, and passes on all else.

    What FastAPI does around an endpoint of its own costs as much as the whole answer.
    """

    def __init__(self, app: ASGIApp, reception: Reception) -> None:
        self._app = app
        self._reception = reception
        self._gatherings = {
            endpoint: Gathering(endpoint.together)
            for endpoint in reception.endpoints.values()
            if endpoint.together is not None
        }
        self._leaving: list[tuple[Visit, Response]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = _text(headers, _REQUEST_ID)
        visit = self._reception.arrive(scope["method"], scope["path"], request_id)
        response: Response | None = None
        try:
            endpoint = self._reception.admit(visit, _text(headers, _API_KEY))
            if endpoint is not None:
                response = await self._answer(endpoint, headers, receive)
        except Exception as error:
            response = self._reception.failed(visit, error)
        if response is None:
            await self._pass_on(visit, scope, receive, send)
        else:
            await _send(send, visit, response)
            self._leave(visit, response)

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
                response = await run_in_threadpool(endpoint.answer, body, entity_key)
            if response.recorded is not None:
                await asyncio.wrap_future(response.recorded)
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

    async def _pass_on(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        """Let FastAPI answer, under the same id and with the same problem documents."""
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), _id_of(visit)]
            await send(message)

        scope["visit"] = visit
        try:
            await self._app(scope, receive, answer)
        finally:
            self._leave(visit, Response(b"", status or 500))

    def _leave(self, visit: Visit, response: Response) -> None:
        """Leave together with all others that go in this turn of the event loop."""
        if not self._leaving:
            asyncio.get_running_loop().call_soon(self._leave_together)
        self._leaving.append((visit, response))

    def _leave_together(self) -> None:
        leaving, self._leaving = self._leaving, []
        self._reception.leave(*leaving)


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


async def _refuse(reception: Reception, request: Request, error: Exception) -> StarletteResponse:
    """The problem document for an error in what FastAPI answers."""
    if isinstance(error, HTTPException):
        error = Problem(error.status_code, error.detail, headers=error.headers)
    found = reception.failed(request.scope["visit"], error)
    return StarletteResponse(found.content, found.status, dict(found.headers), found.media_type)
