"""Errors as problem documents (RFC 9457), through FastAPI's exception handlers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ...errors import StoreError
from .._headers import BROWSER_HEADERS, REQUEST_ID_HEADER
from .._problem import MEDIA_TYPE, Problem
from .._request_lifecycle import RequestContext, to_problem
from .._service import PredictionService

# Where the middleware keeps the context of a request in its ASGI scope.
CONTEXT = "mlops_loop.request"


def add_exception_handlers(app: FastAPI, service: PredictionService) -> None:
    """Answer every error of an application with a problem document.

    Replace one of them with `@app.exception_handler(...)` after this call: `Problem` is what the
    library raises, `StoreError` comes from the prediction log, `HTTPException` and
    `RequestValidationError` from FastAPI and your own routes, `Exception` is everything else.

    Examples:
        >>> from fastapi import FastAPI, Request
        >>> from fastapi.responses import JSONResponse
        >>> app = FastAPI()
        >>> add_exception_handlers(app, service)
        >>> @app.exception_handler(Problem)
        ... async def problem(request: Request, error: Problem) -> JSONResponse:
        ...     return JSONResponse({"error": error.detail}, error.status, error.headers)
    """

    async def handle(request: Request, error: Exception) -> Response:
        return problem_response(request.scope, to_problem(service, _from_fastapi(error)))

    for kind in (Problem, StoreError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, handle)

    # Starlette calls this one outside of all middleware, which therefore cannot add its header.
    async def handle_internal(request: Request, error: Exception) -> Response:
        response = await handle(request, error)
        for name, value in BROWSER_HEADERS.items():
            response.headers.setdefault(name, value)
        if context := request.scope.get(CONTEXT):
            response.headers[REQUEST_ID_HEADER] = context.request_id
        return response

    app.add_exception_handler(Exception, handle_internal)


def problem_response(scope: Scope, problem: Problem) -> Response:
    """A problem as a response."""
    context: RequestContext | None = scope.get(CONTEXT)
    content = problem.encode(context.request_id if context else "")
    return Response(content, problem.status, problem.headers, MEDIA_TYPE)


async def send_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a problem from a middleware, through the application's handler if it has one."""
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]]
    handlers = scope["app"].exception_handlers
    if handler := handlers.get(Problem):
        response = await handler(Request(scope, receive), problem)
    else:
        response = problem_response(scope, problem)
    await response(scope, receive, send)


def _from_fastapi(error: Exception) -> Exception:
    if isinstance(error, HTTPException):
        return Problem(error.status_code, str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        violations = [_violation(**each) for each in error.errors()]
        return Problem(422, "the request is invalid", members={"violations": violations})
    return error


def _violation(loc: Sequence[str | int], msg: str, input: object, **_: object) -> dict[str, object]:
    """In the form of the contract's own violations."""
    value = input if isinstance(input, bool | int | float | str) else None
    return {"row": 0, "column": ".".join(map(str, loc)), "value": value, "reason": msg}
