"""The service behind an application, for adapters that are handed nothing but the application."""

from typing import Any

from ._service import PredictionService


def service_of(app: Any) -> PredictionService | None:
    """The prediction service of a FastAPI or Flask application; None if it has none.

    Found where `app.py` leaves it, in `app.state.service` (FastAPI) or `app.extensions` (Flask),
    also through middleware around the application that keeps it as `app`.

    Examples:
        >>> from fastapi import FastAPI
        >>> app = FastAPI()
        >>> app.state.service = service
        >>> service_of(app) is service
        True
    """
    while app is not None:
        of_flask = getattr(app, "extensions", {}).get("mlops_loop")
        service = of_flask or getattr(getattr(app, "state", None), "service", None)
        if isinstance(service, PredictionService):
            return service
        app = getattr(app, "app", None)
    return None
