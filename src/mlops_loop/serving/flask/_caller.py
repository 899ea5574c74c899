"""The caller of a request, and views that ask for a scope."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import current_app, g, request

from .._authorization import authenticate
from .._caller import Caller
from .._headers import KEY_HEADER
from .._service import PredictionService
from ._lifecycle import EXTENSION

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


def require_scope(
    *scopes: str,
) -> Callable[[Callable[_Arguments, _Answer]], Callable[_Arguments, _Answer]]:
    """Decorate a view that only callers with these scopes may use.

    The caller is `flask.g.caller`, which `require_api_keys` or authentication of your own sets;
    without it the API key of the request is checked. The application needs
    `add_request_lifecycle`. The view raises `Problem`: 401 without a valid API key, 403 if the
    caller lacks one of the scopes.

    Examples:
        >>> from flask import Flask
        >>> app = Flask("shop")
        >>> add_request_lifecycle(app, service)
        >>> add_error_handlers(app, service)
        >>> @app.post("/refresh")
        ... @require_scope("admin")
        ... def refresh() -> str:
        ...     service.deployments.refresh()
        ...     return "refreshed"
        >>> app.test_client().post("/refresh").status_code
        401
        >>> service.close()
    """

    def decorate(view: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
        @wraps(view)
        def check(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
            current_caller(current_app.extensions[EXTENSION], *scopes)
            return view(*args, **kwargs)

        return check

    return decorate


def current_caller(service: PredictionService, *scopes: str) -> Caller:
    """The caller of the request at hand, who has these scopes.

    Raises:
        Problem: 401 without a valid API key, 403 if the caller lacks one of the scopes.
    """
    if "caller" not in g:
        g.caller = authenticate(service, request.headers.get(KEY_HEADER))
    caller: Caller = g.caller
    caller.require(*scopes)
    return caller
