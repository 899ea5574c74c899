"""Servers as processes: started, waited for, looked at, stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from common import BenchmarkError

PROBE = "/health/ready"
_PATIENCE = 120.0
_POLL = 0.005


@dataclass(frozen=True)
class Server:
    """How to start one of the servers that are compared, and how it is asked.

    Attributes:
        ready: path that answers with 200 as soon as it is.
        path: where a row is posted.
        body: makes of a row what is posted.
    """

    command: list[str]
    folder: Path
    env: dict[str, str]
    ready: str = PROBE
    path: str = "/predict"
    body: Callable[[bytes], bytes] = bytes


@contextmanager
def running(server: Server, port: int) -> Iterator[tuple[int, float]]:
    """The process id of a server that is ready, and the seconds from its start until it was."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*server.command, "--port", str(port)],
        cwd=server.folder,
        env=server.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not _is_ready(port, server.ready):
            if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                words = " ".join(process.args if isinstance(process.args, list) else [])
                raise BenchmarkError(
                    f"'{words}' in {server.folder} did not get ready: has the project a champion?"
                )
            time.sleep(_POLL)
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # What a server started may be there still, in its own session.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _is_ready(port: int, path: str) -> bool:
    request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def resident_mb(process: int) -> float:
    """Resident memory in megabytes (2**20 bytes)."""
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used so far, all of its threads together."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
