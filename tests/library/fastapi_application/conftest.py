from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from mlops_loop.contract._json_schema import example_row
from mlops_loop.serving.fastapi import (
    PredictionService,
    RequestLifecycleMiddleware,
    add_exception_handlers,
    prediction_router,
)

from ..applications import load_edition


@pytest.fixture
def edition(shop_project: Any, publisher: Any) -> ModuleType:
    """The module of the application, with a champion to serve."""
    publisher.publish("1")
    publisher.point("1")
    return load_edition("fastapi", shop_project())


@pytest.fixture
def app(edition: ModuleType) -> FastAPI:
    application: FastAPI = edition.app
    return application


@pytest.fixture
def row(publisher: Any) -> dict[str, Any]:
    return dict(example_row(publisher.contract))


@pytest.fixture
def build(shop_project: Any, publisher: Any) -> Callable[..., FastAPI]:
    """Builds an application around the library's routes; arguments are FastAPI's."""
    publisher.publish("1")
    publisher.point("1")

    def make(router: dict[str, Any] | None = None, **arguments: Any) -> FastAPI:
        service = PredictionService(shop_project())
        app = FastAPI(lifespan=service.lifespan, **arguments)
        app.add_middleware(RequestLifecycleMiddleware, service=service)
        add_exception_handlers(app, service)
        app.include_router(prediction_router(service), **(router or {}))
        return app

    return make
