"""The service as its callers see it: started as a process of its own, reached over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from ..errors import ServiceError
from ..settings import ENV_PREFIX

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class ServiceClient:
    """Calls of the HTTP interface that the replay needs."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def predict(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self._post("/predict", list(rows))
        return answers

    def label(self, labels: Sequence[dict[str, Any]]) -> None:
        self._post("/labels", list(labels))

    def wait_for(self, *, champion: str | None, challenger: str | None) -> None:
        """Wait until the service has picked up what the pointer says."""
        deadline = time.monotonic() + START_SECONDS
        wanted = {"champion": champion, "challenger": challenger}
        while (found := self._versions()) != wanted:
            if time.monotonic() > deadline:
                raise ServiceError(f"the service serves {found} and does not turn to {wanted}")
            time.sleep(0.02)

    def _versions(self) -> dict[str, str | None]:
        model = self._http.get("/model").json()
        names = ("champion", "challenger")
        return {name: (model.get(name) or {}).get("version") for name in names}

    def _post(self, path: str, body: object) -> Any:
        answer = self._http.post(path, json=body)
        if answer.is_error:
            raise ServiceError(f"POST {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()


@contextmanager
def running_service(root: Path, log_file: Path) -> Iterator[ServiceClient]:
    """The project's service on a free port of the loopback, stopped on the way out."""
    port = _free_port()
    command = [sys.executable, "-m", str(__package__).partition(".")[0], "serve"]
    environment = {**os.environ, f"{ENV_PREFIX}SERVING__WATCH_INTERVAL": "100ms"}
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("w") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                _wait_until_alive(http, process, log_file)
                yield ServiceClient(http)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait_until_alive(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if http.get("/health/live").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise ServiceError(f"the service did not start; its log is {log}")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
