"""A PostgreSQL server of the tests' own, on a free port of the loopback, in a folder of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from mlops_loop.local_servers._access import password_of

from . import processes
from .folders import discard, reachable

START = "mlops_loop.local_servers.postgresql"
# A server that was killed leaves children, which take a moment to see it.
NOT_YET = "shared memory block"


class Server:
    """Starts, dies and starts again with what it has kept.

    Tests of the log say themselves who needs a password; that all do has tests of its own.
    """

    lets_all_in = True

    def __init__(self, folder: Path, *flags: str) -> None:
        self._folder = reachable(folder)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.start(*flags)
        if self.lets_all_in:
            self._let_in("")

    def start(self, *flags: str) -> None:
        self._launch(*flags)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client().close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self._log.read_text()
                if self._process.poll() is not None:
                    said = self._log.read_text()
                    assert NOT_YET in said, said
                    self._launch(*flags)
                time.sleep(0.02)

    def _launch(self, *flags: str) -> None:
        command = [sys.executable, "-m", START, "--hasty", "--port", str(self.port)]
        command += ["--folder", str(self._folder), *flags]
        self._log = self._folder.with_name(f"{self._folder.name}.log")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)

    def client(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self.address,
            password=password_of(self._folder),
            autocommit=True,
            connect_timeout=2,
        )

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.client()) as client:
            found = client.execute(query)
            return found.fetchall() if found.description else []

    def set(self, **settings: str) -> None:
        with closing(self.client()) as client:
            for name, value in settings.items():
                client.execute(f"ALTER SYSTEM SET {name} = {value}")
            client.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)

    def reset(self) -> None:
        """Undo what `set` and `demand_passwords` did."""
        with closing(self.client()) as client:
            client.execute("ALTER SYSTEM RESET ALL")
        self._let_in("")

    def demand_passwords(self, role: str) -> None:
        """Let one role in with its password only."""
        self._let_in(f"host all {role} 127.0.0.1/32 scram-sha-256\n")

    def weaken(self) -> None:
        """Let it acknowledge what it may lose."""
        self.set(fsync="off")

    def _let_in(self, first: str) -> None:
        rules = self._folder / "pg_hba.conf"
        rules.write_text(f"{first}host all all 127.0.0.1/32 trust\n")
        with closing(self.client()) as client:
            client.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(how)
        self._process.communicate(timeout=30)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def freeze(self) -> None:
        processes.freeze(self._process.pid)

    def thaw(self) -> None:
        processes.thaw(self._process.pid)

    def remove(self) -> None:
        """Forty megabytes, which nobody wants to look into."""
        self.kill()
        discard(self._folder)


@contextmanager
def serve(folder: Path) -> Iterator[Callable[[], str]]:
    """Gives addresses of empty logs, each with a spool before it."""
    server, numbers = Server(folder / "postgresql"), count()
    try:
        yield lambda: f"{server.address}?name=log{next(numbers)}&spool=var/spool"
    finally:
        server.remove()
