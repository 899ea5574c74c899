"""The service of the project, started as a subprocess of the replay."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

import httpx

from .._atomic import make_folder
from .._project import Project
from .._replay.client import ServiceClient
from ..errors import ServiceError
from ..serving._headers import KEY_HEADER

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05


@contextmanager
def running_service(project: Project) -> Iterator[ServiceClient]:
    """The project's service on a free loopback port, stopped at the end.

    It gets an API key of its own, so that it works with any settings.
    """
    port, key = _free_port(), token_urlsafe()
    command = [sys.executable, "-m", project.package, "serve"]
    prefix, log_file = project.env_prefix, project.paths.service_log
    environment = {
        **os.environ,
        f"{prefix}ROOT": str(project.root),
        f"{prefix}PREDICTION_LOG": project.settings.prediction_log,
        f"{prefix}SERVING__WATCH_INTERVAL": "100ms",
        f"{prefix}SERVING__API_KEYS": json.dumps([key]),
        f"{prefix}SERVING__API_KEY_SCOPES": json.dumps(["predict", "label"]),
    }
    make_folder(log_file.parent)
    with log_file.open("w") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=project.root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url, headers = f"http://127.0.0.1:{port}", {KEY_HEADER: key}
            with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
                _wait_until_alive(http, process, log_file)
                yield ServiceClient(http)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes], timeout: float = STOP_SECONDS) -> None:
    """Terminate a process; kill it if it has not ended after the timeout."""
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_alive(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if http.get("/health/live").is_success:
                return
        time.sleep(POLL_SECONDS)
    raise ServiceError(f"the service did not start: see {log}")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
