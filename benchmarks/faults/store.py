"""Where the service under test keeps its predictions: a file, or a server that can be killed."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from .errors import FaultsError
from .service import free_port
from .subject import Subject

_PATIENCE = 60.0


class Store:
    """The server that `make store` starts, on a port and in a folder of its own; none for SQLite.

    Attributes:
        address: for the setting `prediction_log`.
    """

    def __init__(self, subject: Subject, folder: Path) -> None:
        self._folder = folder / "store"
        self._subject = subject
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        address = re.sub(r"(localhost|127\.0\.0\.1):\d+", rf"\1:{self._port}", subject.address)
        address = re.sub(r"password_file=[^&]*", f"password_file={folder / 'password'}", address)
        address = re.sub(r"spool=[^&]*", f"spool={folder / 'spool'}", address)
        self.address = re.sub(r"^sqlite:///[^?]*", f"sqlite:///{folder / 'log.db'}", address)

    @property
    def is_server(self) -> bool:
        return self._subject.store != "sqlite"

    def __enter__(self) -> "Store":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE)

    def start(self) -> None:
        """Start with what it has kept; there once it takes connections."""
        if not self.is_server:
            return
        program = f"mlops_loop.local_servers.{self._subject.store}"
        flags = ["--port", str(self._port), "--folder", str(self._folder)]
        with (self._folder.parent / "store.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._subject.python, "-m", program, *flags],
                cwd=self._subject.root,
                env=self._subject.environment({}),
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _PATIENCE
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > until:
                raise FaultsError(f"{program} did not start: see {log.name}")
            time.sleep(0.05)

    def revive(self) -> None:
        """Start again if it ended."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """kill -9."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(_PATIENCE)

    def restart(self) -> None:
        """Killed at once, and started again."""
        self.kill()
        self.start()

    def freeze(self) -> None:
        """SIGSTOP for every process of it: connections stay, and nobody answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process is not None:
            for process in _with_descendants(self._process.pid):
                os.kill(process, number)

    def _listens(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
        except OSError:
            return False


def _with_descendants(process: int) -> list[int]:
    """A process, its children and theirs: PostgreSQL has one for each connection."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [process, *(each for child in children for each in _with_descendants(int(child)))]
