"""Alerts that wait on disk until their receiver has taken them: at least once, in order.

Each receiver has a folder with one file an alert. Whoever delivers tries the oldest one first and
gives up on a receiver at the first failure, so that one that is away costs one attempt each time,
and what waits is told when it is back.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPException
from pathlib import Path
from uuid import uuid4

import structlog

from ..atomic import atomic_write
from ..clock import Clock
from ..errors import StoreError
from ..file_lock import file_lock
from .receivers import Alert, PermanentDeliveryError, Receiver

KEPT = timedelta(days=7)


class Outbox:
    """Alerts on their way.

    Args:
        folder: where they wait.
        receivers: by a name that is good for a folder.
        clock: says what has waited too long.
    """

    def __init__(self, folder: Path, receivers: Mapping[str, Receiver], clock: Clock) -> None:
        self._folder = folder
        self._receivers = receivers
        self._clock = clock

    def send(self, alert: Alert) -> None:
        """Write an alert down for every receiver, then deliver what can be delivered."""
        for name in self._receivers:
            folder = self._folder / name
            folder.mkdir(parents=True, exist_ok=True)
            stamp = f"{alert.time:%Y%m%dT%H%M%S%f}-{len(list(folder.glob('*.json'))):04}"
            with atomic_write(folder / f"{stamp}-{uuid4().hex[:8]}.json") as draft:
                draft.write_text(json.dumps(alert.to_json()), encoding="utf-8")
        self.deliver()

    def deliver(self) -> None:
        """Try again what waits; quick if nothing does. Another process that is at it is let be."""
        for name, receiver in self._receivers.items():
            waiting = sorted((self._folder / name).glob("*.json"))
            if not waiting:
                continue
            with suppress(StoreError), file_lock(self._folder / f"{name}.lock", 0):
                for path in waiting:
                    if path.exists() and not self._sent(receiver, path):
                        break

    def _sent(self, receiver: Receiver, path: Path) -> bool:
        """Whether it need not be tried again."""
        body = json.loads(path.read_text(encoding="utf-8"))
        alert = Alert(datetime.fromisoformat(body["time"]), body["text"])
        log = structlog.get_logger(__name__)
        try:
            receiver.send(alert)
        except (OSError, HTTPException, PermanentDeliveryError) as error:
            late = self._clock.now() - alert.time > KEPT
            event = (
                "alert not delivered"
                if late or isinstance(error, PermanentDeliveryError)
                else "alert waits"
            )
            log.error(event, receiver=receiver.name, error=str(error), text=alert.text)
            if event == "alert waits":
                return False
        path.unlink(missing_ok=True)
        return True
