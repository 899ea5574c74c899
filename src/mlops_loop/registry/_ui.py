"""MLflow's own pages on the project's store."""

import signal
import subprocess
import sys
from contextlib import suppress

from .._settings import Settings
from ._mlflow_registry import Registry


def run_ui(settings: Settings, *, host: str, port: int) -> None:
    """Serve MLflow's pages until interrupted or terminated."""
    registry = Registry.open(settings)
    registry.create_store()
    command = ui_command(registry, host=host, port=port)
    with suppress(KeyboardInterrupt), subprocess.Popen(command) as pages:
        signal.signal(signal.SIGTERM, lambda *_: pages.terminate())
        pages.wait()


def ui_command(registry: Registry, *, host: str, port: int) -> list[str]:
    """The command that serves the pages of a registry; one person needs one worker."""
    tracking = registry.tracking
    command = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", tracking.address]
    if tracking.database is not None:
        command += ["--default-artifact-root", tracking.artifacts.as_posix()]
    return command
