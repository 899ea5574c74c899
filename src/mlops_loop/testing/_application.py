"""A client of a web application in the same process, serving another project."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from .._project import Project
from ..serving._asgi import is_asgi
from ..serving._headers import KEY_HEADER
from ..serving._service import PredictionService
from ._copies import API_KEY


@contextmanager
def application_client(
    app: Any,
    service: PredictionService,
    project: Project,
    *,
    headers: Mapping[str, str] | None = None,
) -> Iterator[httpx.Client]:
    """Context manager: a client of your application, which serves another project meanwhile.

    For FastAPI it is Starlette's `TestClient`, which raises the exceptions of your code, for Flask
    an `httpx.Client`.

    Args:
        app: your FastAPI or Flask application, from `app.py`.
        service: the `PredictionService` of the application.
        project: the project to serve, e.g. a copy in a temporary folder.
        headers: sent with every request; by default the API key of a copy.

    Examples:
        >>> with application_client(app, service, trained.project) as client:
        ...     client.get("/health/ready").status_code
        200
    """
    sent = {KEY_HEADER: API_KEY} if headers is None else dict(headers)
    with service.override_project(project), _client(app, sent) as client:
        yield client


def _client(app: Any, headers: dict[str, str]) -> Any:
    if not is_asgi(app):
        transport = httpx.WSGITransport(app=app)
        return httpx.Client(transport=transport, base_url="http://testserver", headers=headers)
    with warnings.catch_warnings():
        # Starlette prefers httpx2.
        warnings.simplefilter("ignore", DeprecationWarning)
        from starlette.testclient import TestClient
    return TestClient(app, headers=headers)


def get_paths(app: Any) -> list[str]:
    """Paths of all GET routes without path parameters.

    For FastAPI, those in the OpenAPI document.

    Examples:
        >>> "/health/live" in get_paths(app)
        True
    """
    if not is_asgi(app):
        rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments]
        return sorted({rule.rule for rule in rules if "GET" in rule.methods})
    from fastapi.openapi.utils import get_openapi

    paths = get_openapi(title="", version="", routes=app.routes)["paths"]
    return sorted(path for path in paths if "get" in paths[path] and "{" not in path)
