"""Alerts as the settings have them: log and file at once, webhook and e-mail by the outbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from ..clock import Clock, SystemClock
from ..settings import Settings
from .outbox import Outbox
from .receivers import Alert, Receiver, open_receiver


@dataclass(frozen=True)
class Alerts:
    """Everybody who wants to know. Who cannot be told is logged, and keeps nobody else waiting.

    Attributes:
        near: receivers on this machine, told at once.
        outbox: those that may be away.
    """

    near: Mapping[str, Receiver]
    outbox: Outbox
    clock: Clock

    def send(self, text: str) -> None:
        """Tell a sentence to all receivers."""
        alert = Alert(self.clock.now(), text)
        for receiver in self.near.values():
            self._try(partial(receiver.send, alert), receiver.name, text)
        self._try(partial(self.outbox.send, alert), "outbox", text)

    def deliver(self) -> None:
        """Try again what could not be delivered before."""
        self._try(self.outbox.deliver, "outbox", "")

    def _try(self, work: Callable[[], None], receiver: str, text: str) -> None:
        try:
            work()
        except OSError as error:
            structlog.get_logger(__name__).error(
                "alert not delivered", receiver=receiver, error=str(error), text=text
            )


def open_alerts(settings: Settings, clock: Clock | None = None) -> Alerts:
    """The receivers of the settings.

    Raises:
        SettingsError: if one of the addresses makes no sense.
    """
    clock = clock or SystemClock()
    wanted = settings.alerts
    near = {"log": "log:", "file": wanted.file}
    away = {"webhook": wanted.webhook, "email": wanted.email}
    return Alerts(
        _opened(near, settings.root),
        Outbox(settings.paths.alert_outbox, _opened(away, settings.root), clock),
        clock,
    )


def _opened(addresses: Mapping[str, str | None], root: Path) -> dict[str, Receiver]:
    return {name: open_receiver(one, root) for name, one in addresses.items() if one}
