"""Alerts that wait for their receivers, tried again by whatever command runs next."""

from ..settings import Settings


def retry_pending_alerts(settings: Settings) -> None:
    """Try again what waits; imports and opens nothing where nothing does."""
    if next(settings.paths.alert_outbox.glob("*/*.json"), None) is not None:
        from .alerts import open_alerts

        open_alerts(settings).deliver()
