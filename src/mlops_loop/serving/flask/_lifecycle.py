"""Hooks that every request to a Flask application passes, the user's own routes included."""

import atexit

from flask import Flask, Response, g, request

from .._authorization import authenticate, is_public
from .._caller import Caller
from .._headers import BROWSER_HEADERS, KEY_HEADER, REQUEST_ID_HEADER
from .._request_lifecycle import UNROUTED, RequestLifecycle
from .._service import PredictionService

EXTENSION = "mlops_loop"
"""Key of the `PredictionService` in `app.extensions`.

Examples:
    >>> from flask import Flask
    >>> app = Flask("shop")
    >>> add_request_lifecycle(app, service)
    >>> app.extensions[EXTENSION] is service
    True
"""


# In the WSGI environment: the `Caller` that an adapter in front of the application has admitted.
CALLER = "mlops_loop.caller"


def add_request_lifecycle(app: Flask, service: PredictionService) -> None:
    """Start the service with the first request; request id, body limit, metrics, access log.

    Responses get `X-Content-Type-Options`, `X-Frame-Options` and `Referrer-Policy` unless they have
    them.

    Call it before you register hooks of your own, so that it sees every request first and every
    response last. Routes find the id as `flask.g.request_id`. Servers that fork after they have
    loaded the application, such as gunicorn with `--preload`, start one service per worker.

    A body larger than `serving.max_body_bytes` is answered by status 413. `app.extensions` holds
    the service under the name in `EXTENSION`.

    Examples:
        >>> from flask import Flask, g
        >>> app = Flask("shop")
        >>> add_request_lifecycle(app, service)
        >>> @app.get("/id")
        ... def request_id() -> str:
        ...     return g.request_id
        >>> response = app.test_client().get("/id", headers={"X-Request-ID": "order-7"})
        >>> response.text, response.headers["X-Request-ID"]
        ('order-7', 'order-7')
        >>> app.extensions[EXTENSION] is service
        True
    """
    lifecycle = RequestLifecycle(service)
    app.extensions[EXTENSION] = service
    atexit.register(service.close)

    @app.before_request
    def begin() -> None:
        g.request_context = lifecycle.begin(request.method, request.headers.get(REQUEST_ID_HEADER))
        g.request_id = g.request_context.request_id
        if admitted := request.environ.get(CALLER):
            g.caller = admitted
        # Werkzeug truncates a chunked body at its limit: one byte more shows that it was longer.
        request.max_content_length = service.project.settings.serving.max_body_bytes + 1
        service.start()

    @app.after_request
    def finish(response: Response) -> Response:
        context = g.request_context
        response.headers[REQUEST_ID_HEADER] = context.request_id
        for name, value in BROWSER_HEADERS.items():
            response.headers.setdefault(name, value)
        context.route = UNROUTED if request.url_rule is None else request.url_rule.rule
        context.status = response.status_code
        caller = g.get("caller")
        context.caller = caller.name if isinstance(caller, Caller) else ""
        lifecycle.finish(context)
        return response


def require_api_keys(app: Flask, service: PredictionService) -> None:
    """Reject requests without a valid API key, except for health checks and pages.

    The key comes in the header `X-API-Key`; `Problem` with status 401 is raised without a valid
    one. Views find the `Caller` as `flask.g.caller`. Where something else authenticates callers,
    leave it out and set `g.caller` there; without either, the library's views check the key
    themselves.

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> require_api_keys(app, service)
        >>> add_error_handlers(app, service)
        >>> app.register_blueprint(operations_blueprint(service))
        >>> client = app.test_client()
        >>> client.get("/health/live").status_code, client.get("/metrics").status_code
        (200, 401)
    """

    @app.before_request
    def check() -> None:
        if "caller" not in g and not is_public(request.path):
            g.caller = authenticate(service, request.headers.get(KEY_HEADER))
