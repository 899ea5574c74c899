"""Pages and OpenAPI document of an application, without a CDN."""

from collections.abc import Callable

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles

from .. import _pages as pages
from .._openapi import with_components
from .._openapi_schemas import Document
from .._service import PredictionService


def add_documentation(app: FastAPI, service: PredictionService) -> None:
    """`GET /` (overview), `/docs` (Swagger UI), `/redoc`, and the contract in `/openapi.json`.

    Create the application with `docs_url=None, redoc_url=None`: FastAPI's own pages load their
    scripts from a CDN. Here they come from the package `fastapi-offline`. `/openapi.json` stays
    FastAPI's own, with the schemas of rows, predictions and labels added from the contract that
    serves at the time.

    Examples:
        >>> from fastapi import FastAPI
        >>> from fastapi.testclient import TestClient
        >>> app = FastAPI(docs_url=None, redoc_url=None)
        >>> app.include_router(prediction_router(service))
        >>> add_documentation(app, service)
        >>> document = TestClient(app).get("/openapi.json").json()
        >>> sorted(document["paths"])
        ['/labels', '/model', '/predict']
        >>> "Row" in document["components"]["schemas"]
        True
    """
    _add_page(app, "/", pages.overview)
    _add_page(app, "/docs", pages.swagger_ui)
    _add_page(app, "/redoc", pages.redoc)
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]))
    _extend_openapi(app, service)


def _add_page(app: FastAPI, path: str, load: Callable[[], pages.Page]) -> None:
    async def page() -> Response:
        loaded = load()
        return Response(loaded.content, headers=loaded.headers, media_type=loaded.media_type)

    app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)


def _extend_openapi(app: FastAPI, service: PredictionService) -> None:
    """FastAPI describes the routes once; components follow the contract that serves."""
    describe_routes = app.openapi

    def openapi() -> Document:
        return with_components(describe_routes(), service.openapi_components())

    app.openapi = openapi  # type: ignore[method-assign]
