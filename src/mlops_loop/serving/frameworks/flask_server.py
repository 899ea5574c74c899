"""waitress for the service: it drains, does not wait for ever for the rest of a request, and words
its own refusals as problem documents.
"""

import select
import socket
import time
from threading import RLock
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from ..problem import Problem
from ..reception import REQUEST_ID_HEADER, Reception
from .slow_clients import SlowClients

_BACKLOG = 2048
_CONNECTIONS = 4096
_DRAIN_SECONDS = 30
# Longer than load balancers keep idle connections, so that it is they who close them.
_KEEP_ALIVE_SECONDS = 75
# Beside those for requests at work: they answer probes, and turn away what is too much.
_MORE_THREADS = 8


class Waitress(TcpWSGIServer):  # type: ignore[misc]
    """waitress that can be told to finish the requests at hand."""

    def __init__(self, app: Any, reception: Reception, listener: socket.socket) -> None:
        self.reception = reception
        self.channel_class = _Channel
        self._deadline: float | None = None
        self._ended = False
        # A signal handler may interrupt the very thread that holds it.
        self._ending = RLock()
        self._slow: SlowClients[HTTPChannel] = SlowClients(reception.request_timeout)
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(reception.service.max_concurrency + _MORE_THREADS)
        super().__init__(
            app,
            _sock=listener,
            dispatcher=dispatcher,
            adj=_adjustments(reception.max_body_bytes),
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def run(self) -> None:
        while self._deadline is None:
            self._turn()
        self.accepting = False
        while self._close_idle() and time.monotonic() < self._deadline:
            self._turn()
        self.task_dispatcher.shutdown()
        with self._ending:
            self._ended = True
            self.asyncore.close_all(self._map)

    def stop(self) -> None:
        with self._ending:
            self._deadline = time.monotonic() + _DRAIN_SECONDS
            if not self._ended:  # else the trigger is closed, and its number may be another's
                self.pull_trigger()

    def _turn(self) -> None:
        """Wait for something to happen, and see to it."""
        self.asyncore.loop(timeout=1, map=self._map, use_poll=self.adj.asyncore_use_poll, count=1)

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        awaited = {
            channel: channel.request
            for channel in self.active_channels.values()
            if channel.request is not None and not channel.requests
        }
        for channel in self._slow.late(awaited):
            channel.will_close = True

    def _close_idle(self) -> bool:
        """Let go of connections without a request; whether others are left."""
        for channel in list(self.active_channels.values()):
            if not (channel.requests or channel.request or channel.total_outbufs_len):
                channel.will_close = True
        return bool(self.active_channels)


class _ProblemTask(ErrorTask):  # type: ignore[misc]
    """Answers what waitress refuses by itself, such as a request that is not HTTP."""

    def execute(self) -> None:
        error = self.request.error
        reception: Reception = self.channel.server.reception
        visit = reception.arrive("", "", None)
        response = reception.failed(visit, Problem(error.code, error.body))
        self.status = f"{response.status} {error.reason}"
        self.response_headers += [
            ("Content-Type", response.media_type),
            (REQUEST_ID_HEADER, visit.request_id),
        ]
        self.set_close_on_finish()
        self.content_length = len(response.content)
        self.write(response.content)
        reception.leave((visit, response))


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _ProblemTask


def _adjustments(max_body_bytes: int) -> Adjustments:
    return Adjustments(
        backlog=_BACKLOG,
        connection_limit=_CONNECTIONS,
        channel_timeout=_KEEP_ALIVE_SECONDS,
        cleanup_interval=1,
        # What is a little too long is read, so that the caller gets to see why it is refused.
        max_request_body_size=2 * max_body_bytes + 65_536,
        asyncore_use_poll=hasattr(select, "poll"),
        clear_untrusted_proxy_headers=True,
        ident="",
    )
