"""MLflow's own pages on the project's store."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress

from .._settings import Settings
from ..errors import InputError, RegistryError
from ._mlflow_registry import Registry
from ._reachability import is_http

# MLflow opens with its pages for agents otherwise.
CLASSIC_VIEW = "#/experiments?workflowType=machine_learning"
POLL_SECONDS = 0.2
# They run evaluations of agents, which a project has none of, in nine more processes.
_WITHOUT_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def run_ui(settings: Settings, *, host: str, port: int, report: Callable[[str], None]) -> None:
    """Serve MLflow's pages until interrupted or terminated.

    Args:
        settings: names the tracking store.
        host: the address to listen on.
        port: the port to listen on.
        report: called with messages: what is waited for, and the address once it answers.

    Raises:
        InputError: if the port is in use.
        RegistryError: if MLflow ends by itself.
    """
    registry = Registry.open(settings)
    if is_http(registry.tracking.address):
        report(f"the tracking server has pages of its own: {_link(registry.tracking.address)}")
        return
    _require_free(host, port)
    report("starting MLflow's user interface, which takes some 10 to 20 seconds …")
    if not registry.exists():
        registry.create_store()
    command = ui_command(registry, host=host, port=port)
    environment = {**os.environ, **_WITHOUT_JOBS}
    with suppress(KeyboardInterrupt), subprocess.Popen(command, env=environment) as pages:
        signal.signal(signal.SIGTERM, lambda *_: pages.terminate())
        if _wait_until_ready(pages, host, port):
            report(f"ready: {_link(f'http://{_local(host)}:{port}')} (stop with Ctrl+C)")
        if pages.wait() > 0:
            raise RegistryError(f"MLflow ended with exit code {pages.returncode}: see above")


def ui_command(registry: Registry, *, host: str, port: int) -> list[str]:
    """The command that serves the pages of a registry; one person needs one worker."""
    tracking = registry.tracking
    command = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", tracking.address]
    if tracking.database is not None:
        command += ["--default-artifact-root", tracking.artifacts.as_posix()]
    return command


def _wait_until_ready(pages: "subprocess.Popen[bytes]", host: str, port: int) -> bool:
    """Wait until the port is open; False if the process ends before."""
    while pages.poll() is None:
        with suppress(OSError), closing(socket.create_connection((_local(host), port), timeout=1)):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _require_free(host: str, port: int) -> None:
    with suppress(OSError), closing(socket.create_connection((_local(host), port), timeout=1)):
        raise InputError(f"port {port} of {host} is in use: give another --port")


def _local(host: str) -> str:
    """The address at which this machine reaches a server."""
    return "127.0.0.1" if host == "0.0.0.0" else host


def _link(server: str) -> str:
    return f"{server.rstrip('/')}/{CLASSIC_VIEW}"
