"""Hooks for requests that come from the pages of other sites."""

from flask import Flask, Response, request
from werkzeug.datastructures import HeaderSet

from .. import _origins as origins
from .._service import PredictionService


def require_allowed_origins(app: Flask, service: PredictionService) -> None:
    """Reject requests for other hosts and from the pages of other sites.

    `serving.allowed_hosts` lists the hosts by which the service may be called; by default, and as
    long as there are no API keys, these are `localhost` and IP addresses. `Problem` with status 400
    is raised for others, which protects from DNS rebinding. For requests that a page of another
    origin makes it has status 403, unless `serving.allowed_origins` lists it; pages of these may
    read the responses (cross-origin resource sharing).

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> require_allowed_origins(app, service)
        >>> add_error_handlers(app, service)
        >>> @app.post("/refresh")
        ... def refresh() -> str:
        ...     return "refreshed"
        >>> client = app.test_client()
        >>> client.post("/refresh", headers={"Origin": "http://other.example"}).status_code
        403
    """

    @app.before_request
    def check() -> Response | None:
        headers = request.headers
        origins.require_allowed_origin(
            service,
            request.method,
            request.path,
            host=headers.get("Host"),
            site=headers.get("Sec-Fetch-Site"),
            origin=headers.get("Origin"),
        )
        is_preflight = request.method == "OPTIONS" and request.access_control_request_method
        return _preflight() if is_preflight and _may_share(service) else None

    @app.after_request
    def share(response: Response) -> Response:
        if service.project.settings.serving.allowed_origins:
            response.vary.add("Origin")
        if _may_share(service):
            response.access_control_allow_origin = request.headers["Origin"]
            exposed = HeaderSet(origins.SHARED_RESPONSE_HEADERS)
            response.access_control_expose_headers = exposed
        return response


def _may_share(service: PredictionService) -> bool:
    allowed = service.project.settings.serving.allowed_origins
    return origins.is_allowed_origin(request.headers.get("Origin"), allowed)


def _preflight() -> Response:
    response = Response(status=200)
    response.access_control_allow_methods = HeaderSet(origins.SHARED_METHODS)
    response.access_control_allow_headers = HeaderSet(origins.SHARED_REQUEST_HEADERS)
    response.access_control_max_age = origins.PREFLIGHT_SECONDS
    return response
