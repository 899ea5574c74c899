"""The editions of the application as processes, run by every server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

# From {port} to a command line that serves an application on it.
SERVERS = {
    "serve, FastAPI": "-m fastapi_app serve --port {port}",
    "uvicorn": "-m uvicorn fastapi_app.app:app --port {port}",
    "uvicorn, h11": "-m uvicorn --http h11 fastapi_app.app:app --port {port}",
    "fastapi run": "-m fastapi run --port {port} --host 127.0.0.1 -e fastapi_app.app:app",
    "gunicorn, FastAPI": (
        "-m gunicorn -k uvicorn_worker.UvicornWorker -b 127.0.0.1:{port} fastapi_app.app:app"
    ),
    "serve, Flask": "-m flask_app serve --port {port}",
    "waitress-serve": "-m waitress --listen 127.0.0.1:{port} flask_app.app:app",
    "gunicorn, Flask": "-m gunicorn --threads 4 -b 127.0.0.1:{port} flask_app.app:app",
}


@dataclass
class Running:
    """A server that answers."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def stop(self) -> int:
        """Terminate it; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def serving(root: Path, server: str, *arguments: str, **settings: str) -> Iterator[Running]:
    """A server on a free port for the project in a folder; keywords are settings."""
    port = free_port()
    command = [*SERVERS[server].format(port=port).split(), *arguments]
    prefix = "FLASK_APP__" if "flask_app" in SERVERS[server] else "FASTAPI_APP__"
    settings = {"ROOT": str(root), "SERVING__WATCH_INTERVAL": "20ms", **settings}
    env = {**os.environ, **{f"{prefix}{name}": value for name, value in settings.items()}}
    with started([sys.executable, *command], root, port, env) as running:
        yield running


@contextmanager
def started(command: list[str], root: Path, port: int, env: dict[str, str]) -> Iterator[Running]:
    """A command that runs in a folder and answers on a port."""
    log = root / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=root, env=env, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_live(process, url, log)
        yield Running(process, url, log)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_live(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/health/live", timeout=20).raise_for_status()
            return
        except httpx.TransportError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
