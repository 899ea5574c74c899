"""Pages and OpenAPI document of an application, without a CDN."""

from importlib.resources import as_file, files

import msgspec
from flask import Blueprint, Flask, Response, send_from_directory

from .. import openapi, pages
from ..response import JSON
from ..service import PredictionService


def add_documentation(app: Flask, service: PredictionService) -> None:
    """`GET /` (overview), `/docs` (Swagger UI) and `/openapi.json`.

    The document describes the library's routes; Flask does not describe your own. Swagger UI
    comes from the package `flask-swagger-ui`.
    """
    blueprint = Blueprint("documentation", __name__)

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
        project = service.project
        made = openapi.document(project.name, "0.1.0", service.openapi_components())
        return Response(msgspec.json.encode(made), content_type=JSON)

    app.register_blueprint(blueprint)


def _send(page: pages.Page) -> Response:
    return Response(page.content, headers=page.headers, content_type=page.media_type)
