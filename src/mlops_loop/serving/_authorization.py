"""Authentication of requests by API key."""

from ._caller import ANONYMOUS, Caller
from ._headers import KEY_HEADER
from ._problem import Problem
from ._service import PredictionService

# Answered without an API key: health checks, and pages, which hold no data.
PUBLIC_PATHS = frozenset({"/", "/docs", "/redoc", "/health/live", "/health/ready"})


def authenticate(service: PredictionService, api_key: str | None) -> Caller:
    """The caller of a request with this API key.

    Raises:
        Problem: 401 without a valid key.
    """
    keys = service.keys
    if not keys.required:
        return ANONYMOUS
    caller = keys.caller_of(api_key or "")
    if caller is not None:
        return caller
    detail = f"send a valid key in the header {KEY_HEADER}"
    if not keys.exist:
        detail = (
            "no API keys exist: create one with `key create NAME`, or set serving.allow_anonymous"
            " if only trusted callers can reach this service"
        )
    raise Problem(401, detail, headers={"WWW-Authenticate": f'ApiKey header="{KEY_HEADER}"'})


def is_public(path: str) -> bool:
    """Whether a path is answered without an API key: health checks and pages without data."""
    return path in PUBLIC_PATHS or path.startswith("/docs/assets/")
