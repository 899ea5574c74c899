"""What an adapter needs of an application, whatever its framework."""

from typing import Any

from ..errors import ServiceError
from ..serving._asgi import is_asgi
from ..serving._headers import REQUEST_ID_HEADER
from ..serving._problem import MEDIA_TYPE, Problem
from ..serving._service import PredictionService
from ._lifespan import AsgiApplication, Send


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


async def send_problem(problem: Problem, send: Send, *, request_id: str = "") -> None:
    """Send a problem as the response to a request that the application does not answer."""
    headers = {"content-type": MEDIA_TYPE, **problem.headers}
    if request_id:
        headers[REQUEST_ID_HEADER] = request_id
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": encoded})
    await send({"type": "http.response.body", "body": problem.encode(request_id)})
