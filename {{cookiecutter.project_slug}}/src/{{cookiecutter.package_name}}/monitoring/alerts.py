"""Where alerts go: receivers by address.

| address                 | receiver                                                    |
| ----------------------- | ----------------------------------------------------------- |
| `log:`                  | a warning in the structured log                             |
| `https://…`, `http://…` | a webhook; the body is what Slack and its likes understand  |
| a path                  | a file, one JSON object a line                              |

An alert that cannot be delivered is logged. It never stops what raised it.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import structlog

from ..clock import Clock, SystemClock
from ..errors import SettingsError
from ..settings import Settings

ATTEMPTS = 3
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Alert:
    time: datetime
    text: str

    def to_json(self) -> dict[str, object]:
        return {"time": self.time.isoformat(), "text": self.text}


class Receiver(Protocol):
    """Somebody who wants to know; `name` must hold no secret, it is written to the log."""

    @property
    def name(self) -> str: ...

    def send(self, alert: Alert) -> None:
        """Deliver, or raise OSError or HTTPException."""
        ...


class LogReceiver:
    name = "log"

    def send(self, alert: Alert) -> None:
        structlog.get_logger(__name__).warning("alert", text=alert.text)


class FileReceiver:
    """Appends JSON lines."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path

    def send(self, alert: Alert) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(alert.to_json(), ensure_ascii=False) + "\n")


class WebhookReceiver:
    """Posts `{"text": …}`; tries again where that may help.

    Args:
        url: of the webhook. Its path often is a secret, so only the host is ever named.
        timeout: seconds an attempt may take.
        pause: seconds before the second attempt, twice that before the third.
    """

    def __init__(self, url: str, *, timeout: float = 5.0, pause: float = 0.5) -> None:
        self.name = f"webhook at {urlsplit(url).hostname}"
        self._url = url
        self._timeout = timeout
        self._pause = pause

    def send(self, alert: Alert) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._post(alert)
            except (OSError, HTTPException) as error:
                if attempt == ATTEMPTS or not _may_pass(error):
                    raise
            time.sleep(self._pause * attempt)

    def _post(self, alert: Alert) -> None:
        body = json.dumps({"text": alert.text}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        # The address is http or https: `open_receiver` lets nothing else come here.
        with urlopen(Request(self._url, body, headers), timeout=self._timeout) as answer:
            answer.read()


def open_receiver(address: str, root: Path) -> Receiver:
    """The receiver at an address; a path starts at `root`, the project's folder.

    Raises:
        SettingsError: if nothing here knows the scheme.
    """
    if address == "log:":
        return LogReceiver()
    if address.startswith(("http://", "https://")):
        return WebhookReceiver(address)
    if "://" in address:
        # The address itself may hold a secret.
        scheme = address.partition("://")[0]
        raise SettingsError(f"alerts: nothing here knows {scheme}://; use https:// or a path")
    return FileReceiver(root / address)


def send_all(receivers: Sequence[Receiver], alert: Alert) -> None:
    """Tell every receiver; one that fails is logged and keeps nobody else from hearing."""
    for receiver in receivers:
        try:
            receiver.send(alert)
        except (OSError, HTTPException) as error:
            structlog.get_logger(__name__).error(
                "alert not delivered", receiver=receiver.name, error=str(error), text=alert.text
            )


def open_alerts(settings: Settings, clock: Clock | None = None) -> Callable[[str], None]:
    """A function that tells a sentence to all receivers of the settings."""
    addresses = ["log:", settings.alerts.file, settings.alerts.webhook]
    receivers = [open_receiver(address, settings.root) for address in addresses if address]
    clock = clock or SystemClock()
    return lambda text: send_all(receivers, Alert(clock.now(), text))


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may go better."""
    if isinstance(error, HTTPError):
        return error.code >= 500 or error.code == TOO_MANY_REQUESTS
    return True
