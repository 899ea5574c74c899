"""The service of a project as a process of its own, as `make serve` runs it."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import FaultsError
from .subject import INSIDE, PACKAGE, Subject

_PATIENCE = 60.0


class Told(NamedTuple):
    """An answer of the service; `content` is its JSON, or its text."""

    status: int
    content: Any

    @property
    def reason(self) -> str:
        return str(self.content.get("detail", "")) if isinstance(self.content, dict) else ""


class Service:
    """Starts, is killed, and starts again on the same port.

    Args:
        subject: whose service.
        settings: what differs from the project's own, as `SERVING__MAX_ROWS`.
        log: file for what it writes.

    Attributes:
        through: a question of `inside.py`, and its arguments, that starts it instead of `serve`.
    """

    through: tuple[str, ...] = ()

    def __init__(self, subject: Subject, settings: Mapping[str, str], log: Path) -> None:
        self._subject = subject
        self._settings = {"SERVING__WATCH_INTERVAL": "20ms", **settings}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def __enter__(self) -> "Service":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def said(self) -> str:
        """All that it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def is_live(self) -> bool:
        try:
            return self.get("/health/live").status == 200
        except OSError:
            return False

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start without waiting for anything."""
        start: list[str | Path] = ["-m", PACKAGE, "serve", "--port"]
        if self.through:
            start = [INSIDE, *self.through]
        command = [self._subject.python, *start, str(self.port)]
        with self._log.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                cwd=self._subject.root,
                env=self._subject.environment(self._settings),
                stdout=file,
                stderr=file,
            )
        return self._process

    def start(self) -> None:
        """Start and wait until it serves a model."""
        process = self.launch()
        until = time.monotonic() + _PATIENCE
        while not self.is_ready():
            if process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise FaultsError(f"the service did not get ready: {self.said[-1000:]}")
            time.sleep(0.01)

    def is_ready(self) -> bool:
        try:
            return self.get("/health/ready").status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Killed at once, and started again."""
        self.kill()
        self.start()

    def stop(self) -> int | None:
        """SIGTERM; its exit code."""
        if self._process is None:
            return None
        if (code := terminate(self._process, _PATIENCE)) is None:
            raise FaultsError("the service did not stop on SIGTERM")
        return code

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def resident_mb(self) -> float:
        return resident_mb(self.pid)

    def get(self, path: str) -> Told:
        return self.send(urllib.request.Request(f"http://127.0.0.1:{self.port}{path}"))

    def post(self, path: str, body: bytes, media_type: str = "application/json") -> Told:
        headers = {"Content-Type": media_type}
        url = f"http://127.0.0.1:{self.port}{path}"
        return self.send(urllib.request.Request(url, body, headers))

    def send(self, request: urllib.request.Request) -> Told:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Told(answer.status, _content(answer.read()))
        except urllib.error.HTTPError as error:
            return Told(error.code, _content(error.read()))


def resident_mb(process: int) -> float:
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def terminate(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    """SIGTERM; the exit code, or None if it had to be killed after so many seconds."""
    process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _content(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", errors="replace")
