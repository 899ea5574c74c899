"""Errors as problem documents (RFC 9457), through Flask's error handlers."""

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ...errors import StoreError
from .._problem import MEDIA_TYPE, Problem
from .._request_lifecycle import to_problem, too_large
from .._service import PredictionService


def add_error_handlers(app: Flask, service: PredictionService) -> None:
    """Answer every error of an application with a problem document.

    Replace one of them with `@app.errorhandler(...)` after this call: `Problem` is what the
    library raises, `StoreError` comes from the prediction log, `HTTPException` from Flask and your
    own routes, `Exception` is everything else.

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> add_error_handlers(app, service)
        >>> @app.errorhandler(Problem)
        ... def problem(error: Problem) -> tuple[dict[str, str], int]:
        ...     return {"error": error.detail}, error.status
    """

    def handle(error: Exception) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            error = too_large(service.project.settings.serving.max_body_bytes)
        elif isinstance(error, HTTPException):
            error = _from_werkzeug(error)
        problem = to_problem(service, error)
        content = problem.encode(g.get("request_id", ""))
        return Response(content, problem.status, headers=problem.headers, content_type=MEDIA_TYPE)

    def handle_internal(error: Exception) -> Response:
        app.logger.error("internal error", exc_info=error)
        return handle(error)

    for kind in (Problem, StoreError, HTTPException):
        app.register_error_handler(kind, handle)
    app.register_error_handler(Exception, handle_internal)


def _from_werkzeug(error: HTTPException) -> Problem:
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(error.code or 500, error.description or error.name, headers=allowed)
