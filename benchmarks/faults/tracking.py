"""A tracking server for a copy of the project, which can be killed."""

import os
import signal
import sqlite3
import subprocess
import urllib.request
from contextlib import closing
from pathlib import Path

from .errors import FaultsError
from .loops import wait_for
from .service import free_port
from .subject import Subject

_PATHS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


class TrackingServer:
    """`mlflow server` on the database of the copy.

    Attributes:
        address: for the setting `tracking.uri`.
    """

    def __init__(self, subject: Subject, root: Path, folder: Path) -> None:
        self._subject, self._log = subject, folder / "tracking.log"
        self._database = root / "var/mlflow.db"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"http://127.0.0.1:{self._port}"
        _move(self._database, str(subject.root), str(root))

    def __enter__(self) -> "TrackingServer":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def restart(self) -> None:
        self.kill()
        self.start()

    def start(self) -> None:
        """There once it answers."""
        where = ["--host", "127.0.0.1", "--port", str(self._port), "--workers", "1"]
        store = ["--backend-store-uri", f"sqlite:///{self._database}"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._subject.python, "-m", "mlflow", "server", *where, *store],
                cwd=self._log.parent,
                env={
                    **self._subject.environment({}),
                    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                },
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if not wait_for(self._answers):
            raise FaultsError(f"MLflow's server did not start: see {self._log}")

    def kill(self) -> None:
        """kill -9, of its worker as well."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/health", timeout=5).close()
        except OSError:
            return False
        return True


def _move(database: Path, origin: str, root: str) -> None:
    """Let the runs of a copied project point to the copied artifacts; MLflow stores whole paths."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in _PATHS:
            change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
            connection.execute(change, (origin, root))
