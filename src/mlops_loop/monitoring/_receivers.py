"""Receivers of alerts: log, file, JSON webhook, and Apprise for all other services.

| `alerts.…` of the settings | receiver                                                    |
| -------------------------- | ----------------------------------------------------------- |
|                            | the structured log, always                                  |
| `file`                     | a file, one JSON object a line                              |
| `webhook`                  | POST of `{"text": …}`, which Slack and others understand    |
| `apprise`                  | an Apprise URL by name: mail, Slack, Teams, PagerDuty, …    |
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from .._atomic import make_folder
from .._settings import Settings
from ..errors import SettingsError

# Of one delivery.
TIMEOUT_SECONDS = 10.0
RESERVED_NAMES = ("log", "file", "webhook")
_TITLE_LENGTH = 120


@dataclass(frozen=True)
class Alert:
    """A message for people.

    Attributes:
        time: time at which it was raised, with a time zone.
        text: one sentence; a second line names the report, if there is one.

    Examples:
        >>> Alert(until, "drift in price\\nreport: var/reports/monitor.html").title
        'drift in price'
    """

    time: datetime
    text: str

    @property
    def title(self) -> str:
        """The first line (limit 120 characters)."""
        return self.text.partition("\n")[0][:_TITLE_LENGTH]

    def to_json(self) -> dict[str, object]:
        return {"time": self.time.isoformat(), "text": self.text}


Receiver = Callable[[Alert], None]
"""A receiver: a function that delivers an alert, within ten seconds if possible.

If it raises an exception, the alert is sent again at the next step. The exception is logged, so its
text must not contain a secret.

Examples:
    >>> def to_console(alert: Alert) -> None:
    ...     print(alert.title)
    >>> receiver: Receiver = to_console
    >>> receiver(Alert(until, "drift in price"))
    drift in price
"""


def name_of(receiver: Receiver) -> str:
    """The name of the function or class, under which undelivered alerts are stored."""
    return getattr(receiver, "__name__", type(receiver).__name__)


def settings_receivers(settings: Settings) -> dict[str, Receiver]:
    """The receivers of `alerts` in the settings, by name."""
    alerts = settings.alerts
    receivers: dict[str, Receiver] = {"log": to_log}
    if alerts.file:
        receivers["file"] = partial(to_file, settings.path(alerts.file))
    if alerts.webhook:
        receivers["webhook"] = partial(to_webhook, alerts.webhook)
    for name, url in alerts.apprise.items():
        receivers[f"apprise.{name}"] = partial(to_apprise, f"alerts.apprise.{name}", url)
    return receivers


def to_log(alert: Alert) -> None:
    """A warning in the structured log."""
    import structlog

    structlog.get_logger(__name__).warning("alert", text=alert.text)


def to_file(path: Path, alert: Alert) -> None:
    """One line of JSON at the end of a file."""
    make_folder(path.parent)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(alert.to_json(), ensure_ascii=False) + "\n")


def to_webhook(url: str, alert: Alert) -> None:
    """POST `{"text": …}`; errors do not name the URL, which is often a secret."""
    body = json.dumps({"text": alert.text}, ensure_ascii=False).encode()
    request = Request(url, body, {"Content-Type": "application/json"})
    # The status is enough: the body may be large, or never end.
    with urlopen(request, timeout=TIMEOUT_SECONDS):
        pass


def to_apprise(key: str, url: str, alert: Alert) -> None:
    """Notify the service of an Apprise URL.

    Args:
        key: the setting that holds the URL, for messages; the URL may be a secret.
        url: URL of one service, see https://github.com/caronc/apprise/wiki.
        alert: the alert to send; its first line is the title.

    Raises:
        SettingsError: if Apprise does not know such a URL.
        OSError: if the service did not accept the message.
    """
    from apprise import Apprise, NotifyType

    service = Apprise()
    if not service.add(url):
        raise SettingsError(f"{key} is not an Apprise URL")
    body = alert.text.partition("\n")[2] or alert.text
    if not service.notify(body=body, title=alert.title, notify_type=NotifyType.WARNING):
        raise OSError(f"{service[0].service_name} did not accept the message")
