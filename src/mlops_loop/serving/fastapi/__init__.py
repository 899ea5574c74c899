"""What a FastAPI application includes to serve predictions.

Examples:
    >>> from fastapi import FastAPI
    >>> from mlops_loop.serving.fastapi import (
    ...     AllowedOriginMiddleware,
    ...     ApiKeyMiddleware,
    ...     PredictionService,
    ...     RequestLifecycleMiddleware,
    ...     add_documentation,
    ...     add_exception_handlers,
    ...     operations_router,
    ...     prediction_router,
    ... )
    >>> service = PredictionService(project)
    >>> app = FastAPI(lifespan=service.lifespan, docs_url=None, redoc_url=None)
    >>> app.add_middleware(ApiKeyMiddleware, service=service)
    >>> app.add_middleware(AllowedOriginMiddleware, service=service)
    >>> app.add_middleware(RequestLifecycleMiddleware, service=service)
    >>> add_exception_handlers(app, service)
    >>> add_documentation(app, service)
    >>> app.include_router(prediction_router(service))
    >>> app.include_router(operations_router(service))
"""

from .._caller import Caller
from .._problem import Problem
from .._service import PredictionService
from ._caller import get_caller
from ._documentation import add_documentation
from ._errors import add_exception_handlers
from ._middleware import ApiKeyMiddleware, RequestLifecycleMiddleware
from ._origins import AllowedOriginMiddleware
from ._routers import operations_router, prediction_router

__all__ = [
    "AllowedOriginMiddleware",
    "ApiKeyMiddleware",
    "Caller",
    "PredictionService",
    "Problem",
    "RequestLifecycleMiddleware",
    "add_documentation",
    "add_exception_handlers",
    "get_caller",
    "operations_router",
    "prediction_router",
]
