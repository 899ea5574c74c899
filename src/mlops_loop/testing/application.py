"""A web application in this process, on another project than its own."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from ..project import Project
from ..serving.openapi import KEY_HEADER
from ..serving.service import PredictionService
from .copies import API_KEY


@contextmanager
def application_client(
    app: Any,
    service: PredictionService,
    project: Project,
    *,
    headers: Mapping[str, str] | None = None,
) -> Iterator[httpx.Client]:
    """A client of your application, which serves a copy of the project meanwhile.

    FastAPI applications get Starlette's `TestClient`, and raise what your code raises. Flask
    applications get an httpx client with the same methods.

    Args:
        app: your FastAPI or Flask application, from `app.py`.
        service: the one that it includes.
        project: what is served, e.g. a copy in a folder of its own.
        headers: sent with every request; by default the API key of a copy.

    Example:
        >>> with application_client(app, service, trained.project) as client:
        ...     client.get("/health/ready").status_code
        200
    """
    sent = {KEY_HEADER: API_KEY} if headers is None else dict(headers)
    with service.override_project(project), _client(app, sent) as client:
        yield client


def _client(app: Any, headers: dict[str, str]) -> Any:
    if hasattr(app, "wsgi_app"):
        transport = httpx.WSGITransport(app=app)
        return httpx.Client(transport=transport, base_url="http://testserver", headers=headers)
    with warnings.catch_warnings():
        # That it prefers httpx2 to httpx.
        warnings.simplefilter("ignore", DeprecationWarning)
        from starlette.testclient import TestClient
    return TestClient(app, headers=headers)


def get_paths(app: Any) -> list[str]:
    """Paths of GET routes without path parameters, your own among them.

    Of a FastAPI application, those that its OpenAPI document describes.

    Example:
        >>> "/health/live" in get_paths(app)
        True
    """
    if hasattr(app, "wsgi_app"):
        rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments]
        return sorted({rule.rule for rule in rules if "GET" in rule.methods})
    from fastapi.openapi.utils import get_openapi

    paths = get_openapi(title="", version="", routes=app.routes)["paths"]
    return sorted(path for path in paths if "get" in paths[path] and "{" not in path)
