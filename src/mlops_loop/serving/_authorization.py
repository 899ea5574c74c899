"""Authorization of requests by API key."""

from ._headers import KEY_HEADER
from ._problem import Problem
from ._service import PredictionService

# Answered without an API key: health checks, and pages, which hold no data.
PUBLIC_PATHS = frozenset({"/", "/docs", "/redoc", "/health/live", "/health/ready"})


def authorize(service: PredictionService, path: str, api_key: str | None) -> None:
    """Check the API key of a request; paths in `PUBLIC_PATHS` need none.

    Raises:
        Problem: 401 without a valid key.
    """
    keys = service.keys
    if keys.admit(api_key or "") or is_public(path):
        return
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
