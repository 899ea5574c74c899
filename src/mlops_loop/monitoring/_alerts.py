"""Delivery of alerts; those that a receiver did not accept are sent again at the next step."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from uuid import uuid4

import structlog

from .._atomic import atomic_write, rename_damaged
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

    Receivers are called side by side. One that does not return in time is not called again by this
    process until it has returned; its alerts are stored meanwhile.

    Attributes:
        receivers: receivers by name; a name has to be a valid folder name.
        folder: has a folder for each receiver, with one file for each undelivered alert.
        clock: the current time.
        timeout: seconds that `send` may take, and that `retry` may take.
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
        failures = self._call_receivers(lambda name: self.receivers[name](alert))
        for name, reason in failures.items():
            _log().error("alert not delivered", receiver=name, error=reason, text=alert.text)
            self._store(name, alert)

    def retry(self) -> None:
        """Retry undelivered alerts, oldest first, unless another process is doing so."""
        deadline = monotonic() + self.timeout
        with suppress(StoreError), file_lock(self.folder / "lock", 0):
            failures = self._call_receivers(lambda name: self._retry_pending(name, deadline))
            for name, reason in failures.items():
                _log().error("alerts not retried", receiver=name, error=reason)

    def _call_receivers(self, call: Callable[[str], None]) -> dict[str, str]:
        """Call a function with the name of each receiver; reasons of failures by name."""
        failures: dict[str, str] = {}
        threads: list[threading.Thread] = []

        def run(name: str) -> None:
            try:
                call(name)
                del failures[name]
            except Exception as error:  # a receiver of the project may raise any exception
                failures[name] = str(error) or type(error).__name__

        running = {thread.name for thread in threading.enumerate()}
        for name in self.receivers:
            title = f"alerts of {self.folder} to {name}"
            if title in running:
                failures[name] = "still busy with an earlier alert"
                continue
            failures[name] = f"no answer within {self.timeout:g} seconds"
            # A daemon, so that a receiver that never returns does not keep the process alive.
            threads.append(threading.Thread(target=run, args=(name,), name=title, daemon=True))
            threads[-1].start()
        deadline = monotonic() + self.timeout
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
        return failures.copy()

    def _retry_pending(self, name: str, deadline: float) -> None:
        for path in sorted((self.folder / name).glob("*.json")):
            if monotonic() < deadline:
                self._retry(name, path)

    def _retry(self, name: str, path: Path) -> None:
        try:
            alert = STORED_ALERT.decode(path.read_bytes(), Alert, path)
        except (StoreError, OSError) as error:
            _log().error("damaged alert", error=str(error))
            rename_damaged(path)
            return
        try:
            self.receivers[name](alert)
        except Exception as error:  # see `_call_receivers`
            reason = str(error) or type(error).__name__
            _log().error("alert not delivered", receiver=name, error=reason, text=alert.text)
            if self.clock.now() - alert.time <= MAX_AGE:
                return
        path.unlink(missing_ok=True)

    def _store(self, name: str, alert: Alert) -> None:
        folder = self.folder / name
        waiting = len(list(folder.glob("*.json")))
        file = f"{alert.time:%Y%m%dT%H%M%S%f}-{waiting:04}-{uuid4().hex[:8]}.json"
        try:
            with atomic_write(folder / file) as draft:
                draft.write_bytes(STORED_ALERT.encode(alert))
        except OSError as error:
            _log().error("alert lost", receiver=name, error=str(error))


def _log() -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
    return logger


def open_alerts(project: Project, receivers: Sequence[Receiver] = ()) -> Alerts:
    """The receivers of the settings, and those of the project."""
    everybody = settings_receivers(project.settings)
    everybody |= {name_of(receiver): receiver for receiver in receivers}
    return Alerts(everybody, project.paths.alert_outbox, project.clock, prefix=f"{project.name}: ")
