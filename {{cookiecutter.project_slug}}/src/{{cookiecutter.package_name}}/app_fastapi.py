"""The web application: a FastAPI application of your own, with the library's routes included.

`serve` runs it, and so does any other ASGI server. Add middleware, dependencies, routers and
exception handlers as in every FastAPI application: they apply to `/predict` as to your own routes.
"""

from fastapi import FastAPI
from mlops_loop.serving.fastapi import (
    AllowedOriginMiddleware,
    ApiKeyMiddleware,
    PredictionService,
    RequestLifecycleMiddleware,
    add_documentation,
    add_exception_handlers,
    operations_router,
    prediction_router,
)

from .project import project
from .routes import router

service = PredictionService(project)

# Without FastAPI's own pages, which need a CDN: add_documentation has them offline.
app = FastAPI(title=project.name, lifespan=service.lifespan, docs_url=None, redoc_url=None)
app.state.service = service

# The middleware added last is the first to see a request.
app.add_middleware(ApiKeyMiddleware, service=service)
app.add_middleware(AllowedOriginMiddleware, service=service)  # hosts, cross-site requests, CORS
app.add_middleware(RequestLifecycleMiddleware, service=service)
add_exception_handlers(app, service)

app.include_router(prediction_router(service))  # /predict, /labels, /model
app.include_router(operations_router(service))  # /health/live, /health/ready, /metrics
app.include_router(router)
add_documentation(app, service)  # /, /docs, /redoc
