"""What an adapter needs of an application, whatever its framework."""

from inspect import iscoroutinefunction
from typing import Any

from ..errors import ServiceError
from ..serving._service import PredictionService
from ._lifespan import AsgiApplication


def as_asgi(app: Any) -> AsgiApplication:
    """The application, or around a WSGI application a bridge that runs it in threads."""
    if is_asgi(app):
        asgi: AsgiApplication = app
        return asgi
    from a2wsgi import WSGIMiddleware

    bridge: Any = WSGIMiddleware(app)
    return bridge  # type: ignore[no-any-return]


def service_of(app: Any) -> PredictionService:
    """The service that the application includes.

    Raises:
        ServiceError: if it has none where its framework keeps it.
    """
    if is_asgi(app):
        name, service = "app.state.service", getattr(getattr(app, "state", None), "service", None)
    else:
        from ..serving.flask import EXTENSION

        name, service = f"app.extensions[{EXTENSION!r}]", app.extensions.get(EXTENSION)
    if not isinstance(service, PredictionService):
        raise ServiceError(f"the application has no PredictionService: assign it to {name}")
    return service


def is_asgi(app: Any) -> bool:
    return iscoroutinefunction(type(app).__call__)
