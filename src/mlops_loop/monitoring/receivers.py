"""Who is told: receivers by address.

| address                 | receiver                                                    |
| ----------------------- | ----------------------------------------------------------- |
| `log:`                  | a warning in the structured log                             |
| `https://…`, `http://…` | a webhook; the body is what Slack and its likes understand  |
| `smtp://…`, `smtps://…` | e-mail, see `mail.py`                                       |
| a path                  | a file, one JSON object a line                              |
"""

import json
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import structlog

from ..errors import SettingsError

# Seconds that a receiver may take to answer.
TIMEOUT_SECONDS = 5.0
# What a webhook says of a message that it will not take tomorrow either.
_NEVER = (400, 413, 422)


@dataclass(frozen=True)
class Alert:
    time: datetime
    text: str

    def to_json(self) -> dict[str, object]:
        return {"time": self.time.isoformat(), "text": self.text}


class PermanentDeliveryError(Exception):
    """The receiver will never take this very message."""


class Receiver(Protocol):
    """Somebody who wants to know; `name` must hold no secret, it is written to the log."""

    @property
    def name(self) -> str: ...

    def send(self, alert: Alert) -> None:
        """Deliver, or raise OSError or HTTPException, or NeverError where no later try helps."""
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
    """Posts `{"text": …}`.

    Args:
        url: of the webhook. Its path often is a secret, so only the host is ever named.
        timeout: seconds it may take.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self.name = f"webhook at {urlsplit(url).hostname}"
        self._url = url
        self._patience = timeout

    def send(self, alert: Alert) -> None:
        body = json.dumps({"text": alert.text}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        try:
            # The address is http or https: `open_receiver` lets nothing else come here.
            with urlopen(Request(self._url, body, headers), timeout=self._patience) as answer:
                answer.read()
        except HTTPError as error:
            with error:
                if error.code in _NEVER:
                    raise PermanentDeliveryError(f"it answered {error.code}") from error
                raise
        except ValueError as error:
            # Such as a port that is no number.
            raise HTTPException(str(error)) from error


def open_receiver(address: str, root: Path) -> Receiver:
    """The receiver at an address; a path starts at `root`, the project's folder.

    Raises:
        SettingsError: if nothing here knows the scheme, or the address lacks something.
    """
    if address == "log:":
        return LogReceiver()
    if address.startswith(("http://", "https://")):
        return WebhookReceiver(address)
    if address.startswith(("smtp://", "smtps://")):
        from .mail import open_mail

        return open_mail(address)
    if "://" in address:
        # The address itself may hold a secret.
        scheme = address.partition("://")[0]
        raise SettingsError(
            f"alerts: nothing here knows {scheme}://; use https://, smtp:// or a path"
        )
    return FileReceiver(root / address)
