"""A limit on the head of a request, which uvicorn has for h11 and not for httptools.

The class goes to uvicorn's option `http`. It extends uvicorn's protocol by what asyncio calls
(e.g. `data_received`) and by the callbacks of the parser, whose names are those of httptools.
"""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .._headers import MAX_HEAD_BYTES
from .._problem import MEDIA_TYPE, Problem

_DETAIL = f"request line and headers are too long (limit {MAX_HEAD_BYTES} bytes)"


class HeadLimitProtocol(HttpToolsProtocol):
    """Answers 431 and closes the connection once an incomplete head is too long.

    Without it the parser collects a header of any length, for a time that grows with its square. A
    connection whose head takes longer than uvicorn's `timeout_keep_alive` is closed.
    """

    _in_head = True
    _head_bytes = 0
    _began = False
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._began = False
        super().data_received(data)
        if self._in_head:
            # A head may begin behind the end of another request: it counts from the next data on.
            self._head_bytes += 0 if self._began else len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._reject()
            elif self._timer is None:
                self._start_timer()

    def on_message_begin(self) -> None:
        self._in_head = self._began = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._timer is not None:
            self._stop_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        seconds = self.config.timeout_keep_alive
        self._timer = asyncio.get_running_loop().call_later(seconds, self.transport.close)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _reject(self) -> None:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        content = Problem(status, _DETAIL).encode("")
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
