"""MLflow's own pages on the project's store."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from .mlflow_registry import Registry

if TYPE_CHECKING:
    from ..settings import Settings


def run_ui(settings: "Settings", *, port: int) -> None:
    """Serve MLflow's pages on loopback until interrupted."""
    registry = Registry.open(settings)
    registry.prepare()
    tracking = registry.tracking
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", tracking.address]
    if tracking.database is not None:
        command += ["--default-artifact-root", tracking.artifacts.as_posix()]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    try:
        subprocess.run(command, env=environment, check=False)
    except KeyboardInterrupt:
        return
