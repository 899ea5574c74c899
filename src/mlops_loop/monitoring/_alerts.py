"""Delivery of alerts; those that a receiver did not accept are sent again at the next step."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from uuid import uuid4

import structlog

from .._atomic import atomic_write
from .._clock import Clock
from .._file_lock import file_lock
from .._formats import STORED_ALERT
from .._project import Project
from ..errors import StoreError
from ._receivers import TIMEOUT_SECONDS, Alert, Receiver, name_of, settings_receivers

# An alert that was not delivered for this time is dropped.
MAX_AGE = timedelta(days=7)


@dataclass(frozen=True)
class Alerts:
    """Sends alerts to all receivers, at least once each.

    Attributes:
        receivers: receivers by name; a name has to be a valid folder name.
        folder: has a folder for each receiver, with one file for each undelivered alert.
        clock: the current time.
        timeout: seconds that a delivery may take, and that all retries for one receiver may take.
        prefix: the beginning of every alert, e.g. the name of the project.
    """

    receivers: Mapping[str, Receiver]
    folder: Path
    clock: Clock
    timeout: float = TIMEOUT_SECONDS
    prefix: str = ""

    def send(self, text: str) -> None:
        """Send a text to all receivers; a failure is logged and stored, and delays no other."""
        alert = Alert(self.clock.now(), f"{self.prefix}{text}")
        for name in self.receivers:
            if not self._delivered(name, alert):
                self._store(name, alert)

    def retry(self) -> None:
        """Retry undelivered alerts, oldest first, unless another process is doing so."""
        with suppress(StoreError), file_lock(self.folder / "lock", 0):
            for name in self.receivers:
                deadline = monotonic() + self.timeout
                for path in sorted((self.folder / name).glob("*.json")):
                    if monotonic() < deadline:
                        self._retry(name, path)

    def _retry(self, name: str, path: Path) -> None:
        try:
            alert = STORED_ALERT.decode(path.read_bytes(), Alert, path)
        except StoreError as error:
            structlog.get_logger(__name__).error("damaged alert", error=str(error))
            path.rename(path.with_suffix(".damaged"))
            return
        if self._delivered(name, alert) or self.clock.now() - alert.time > MAX_AGE:
            path.unlink()

    def _store(self, name: str, alert: Alert) -> None:
        folder = self.folder / name
        waiting = len(list(folder.glob("*.json")))
        file = f"{alert.time:%Y%m%dT%H%M%S%f}-{waiting:04}-{uuid4().hex[:8]}.json"
        try:
            with atomic_write(folder / file) as draft:
                draft.write_bytes(STORED_ALERT.encode(alert))
        except OSError as error:
            structlog.get_logger(__name__).error("alert lost", receiver=name, error=str(error))

    def _delivered(self, name: str, alert: Alert) -> bool:
        """Whether the receiver returned without an exception before the timeout."""
        failures = [f"no answer within {self.timeout:g} seconds"]

        def deliver() -> None:
            try:
                self.receivers[name](alert)
                failures.clear()
            except Exception as error:  # a receiver of the project may raise any exception
                failures[0] = str(error) or type(error).__name__

        # A daemon, so that a receiver that never returns does not keep the process alive.
        thread = Thread(target=deliver, name=f"alert {name}", daemon=True)
        thread.start()
        thread.join(self.timeout)
        if failures:
            structlog.get_logger(__name__).error(
                "alert not delivered", receiver=name, error=failures[0], text=alert.text
            )
        return not failures


def open_alerts(project: Project, receivers: Sequence[Receiver] = ()) -> Alerts:
    """The receivers of the settings, and those of the project."""
    everybody = settings_receivers(project.settings)
    everybody |= {name_of(receiver): receiver for receiver in receivers}
    return Alerts(everybody, project.paths.alert_outbox, project.clock, prefix=f"{project.name}: ")
