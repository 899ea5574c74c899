"""A Redis server of the tests' own, on a free port of the loopback, with a folder of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import redis

from . import processes
from .folders import discard, reachable

START = "mlops_loop.local_servers.redis"
# Tests of the log set passwords of their own; that the server asks for one has tests as well.
OPEN = ("--requirepass", "")


class Server:
    """Starts, dies and starts again with what it has kept."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self._folder = reachable(folder)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"redis://127.0.0.1:{self.port}/0"
        self.start(*flags)

    def start(self, *flags: str) -> None:
        command = [
            sys.executable,
            "-m",
            START,
            "--port",
            str(self.port),
            "--folder",
            str(self._folder),
        ]
        self._process = subprocess.Popen(
            [*command, *OPEN, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        with closing(self.client()) as client:
            while True:
                try:
                    client.dbsize()
                    return
                except redis.AuthenticationError:
                    return
                except redis.ConnectionError:
                    said = self._process.communicate()[1] if self._process.poll() else ""
                    assert not said, said
                    assert time.monotonic() < deadline
                    time.sleep(0.01)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True, protocol=2)

    def set(self, **settings: str) -> None:
        with closing(self.client()) as client:
            for name, value in settings.items():
                client.config_set(name.replace("_", "-"), value)

    def weaken(self) -> None:
        """Let it acknowledge what it may lose."""
        self.set(appendfsync="everysec")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(how)
        self._process.communicate(timeout=20)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def freeze(self) -> None:
        processes.freeze(self._process.pid)

    def thaw(self) -> None:
        processes.thaw(self._process.pid)

    def remove(self) -> None:
        self.kill()
        discard(self._folder)


@contextmanager
def serve(folder: Path) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty logs, each with a spool before it."""
    server, numbers = Server(folder), count()
    try:
        yield lambda: f"{server.address}?name=log{next(numbers)}&spool=var/spool"
    finally:
        server.remove()
