"""Pages and OpenAPI document of an application, without a CDN."""

import re
from collections import defaultdict
from collections.abc import Callable
from importlib.resources import as_file, files
from inspect import getdoc
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Flask, Response, send_from_directory

from .. import _openapi as openapi
from .. import _pages as pages
from .._openapi_schemas import Document
from .._response import JSON
from .._service import PredictionService

_View = TypeVar("_View", bound=Callable[..., Response])

# Converter and name of a variable in a rule of Flask.
_VARIABLE = re.compile(r"<(?:[^<>]*:)?([^<>:]+)>")
_BLUEPRINT = "documentation"
# Methods that Flask adds to every route.
_IMPLIED = {"HEAD", "OPTIONS"}
# OpenAPI requires one; FastAPI's default, so that both frameworks serve the same document.
_API_VERSION = "0.1.0"


def described_as(path: str) -> Callable[[_View], _View]:
    """Describe a view by the operation of one of the library's paths."""

    def describe(view: _View) -> _View:
        view.openapi = openapi.operation(path)  # type: ignore[attr-defined]
        return view

    return describe


def add_documentation(app: Flask, service: PredictionService) -> None:
    """`GET /` (overview), `/docs` (Swagger UI) and `/openapi.json`.

    The document describes every route with its path, its methods and the first line of its view's
    docstring; bodies are described for the library's own. Swagger UI comes from the package
    `flask-swagger-ui`.

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop", static_folder=None)
        >>> @app.get("/versions")
        ... def versions() -> dict[str, str]:
        ...     '''The versions in service.'''
        ...     return {}
        >>> add_documentation(app, service)
        >>> document = app.test_client().get("/openapi.json").get_json()
        >>> document["paths"]["/versions"]["get"]["summary"]
        'The versions in service.'
    """
    blueprint = Blueprint(_BLUEPRINT, __name__)

    @blueprint.get("/")
    def overview() -> Response:
        return _send(pages.overview())

    @blueprint.get("/docs")
    def swagger_ui() -> Response:
        return _send(pages.swagger_ui())

    @blueprint.get("/docs/assets/<path:name>")
    def assets(name: str) -> Response:
        with as_file(files("flask_swagger_ui") / "dist") as folder:
            return send_from_directory(folder, name)

    @blueprint.get("/openapi.json")
    def document() -> Response:
        info = {"title": service.project.name, "version": _API_VERSION}
        routes = {"openapi": "3.1.0", "info": info, "paths": _paths(app)}
        complete = openapi.with_components(routes, service.openapi_components())
        return Response(msgspec.json.encode(complete), content_type=JSON)

    app.register_blueprint(blueprint)


def _paths(app: Flask) -> Document:
    paths: defaultdict[str, Document] = defaultdict(dict)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"{_BLUEPRINT}."):
            continue
        view: Any = app.view_functions[rule.endpoint]
        operation = getattr(view, "openapi", None) or _operation(rule.endpoint, view)
        names = _VARIABLE.findall(rule.rule)
        if names:
            parameters = [_path_parameter(name) for name in names]
            operation = {**operation, "parameters": parameters + operation.get("parameters", [])}
        for method in (rule.methods or set()) - _IMPLIED:
            paths[_VARIABLE.sub(r"{\1}", rule.rule)][method.lower()] = operation
    return dict(paths)


def _operation(endpoint: str, view: object) -> Document:
    """A view of the application's own."""
    summary = (getdoc(view) or endpoint).partition("\n")[0]
    responses = {"200": {"description": "Successful response"}}
    return {"operationId": endpoint, "summary": summary, "responses": responses}


def _path_parameter(name: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _send(page: pages.Page) -> Response:
    return Response(page.content, headers=page.headers, content_type=page.media_type)
