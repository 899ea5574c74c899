"""Alerts that wait for their receivers, tried again by whatever command runs next."""

from pathlib import Path

from ..settings import Settings

OUTBOX = Path("var/alerts/outbox")


def deliver_waiting(settings: Settings) -> None:
    """Try again what waits; imports and opens nothing where nothing does."""
    if next(settings.path(OUTBOX).glob("*/*.json"), None) is not None:
        from .alerts import open_alerts

        open_alerts(settings).deliver()
