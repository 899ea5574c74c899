"""FastAPI with the project's own routes, whose problems read like those of the endpoints."""

from collections.abc import Sequence
from functools import partial
from types import ModuleType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ..problem import Problem
from ..reception import Reception
from ..routes import member


def make_app(reception: Reception, routes: Sequence[ModuleType]) -> FastAPI:
    """An application with the `router` of each module; its interface joins the OpenAPI document.

    Raises:
        ServiceError: if a module has none.
    """
    app = FastAPI(title=reception.title, openapi_url=None)
    for module in routes:
        app.include_router(member(module, "router"))
    for kind in (HTTPException, RequestValidationError, Problem, Exception):
        app.add_exception_handler(kind, partial(_refuse, reception))
    reception.others = lambda: get_openapi(title=app.title, version=app.version, routes=app.routes)
    return app


async def _refuse(reception: Reception, request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Problem(error.status_code, error.detail, headers=error.headers)
    elif isinstance(error, RequestValidationError):
        violations = [_violation(**found) for found in error.errors()]
        error = Problem(422, "the request breaks its contract", members={"violations": violations})
    refused = reception.failed(request.scope["visit"], error)
    return Response(refused.content, refused.status, dict(refused.headers), refused.media_type)


def _violation(loc: Sequence[str | int], msg: str, input: object, **_: object) -> dict[str, object]:
    """In the words of the contract's own violations."""
    value = input if isinstance(input, bool | int | float | str) else None
    return {"row": 0, "column": ".".join(map(str, loc)), "value": value, "reason": msg}
