"""The service's HTML pages, with the headers that they are sent with."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

_INLINE = re.compile(r"<(style|script)\b(?![^>]*\bsrc=)[^>]*>(.*?)</\1>", re.DOTALL)
# Swagger UI and ReDoc are scripts of the service itself; they set styles at run time, and ReDoc
# searches in a worker.
_REFERENCE = (
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "worker-src blob:",
)


class Page(NamedTuple):
    """A page; browsers load what it contains, what the service serves, and nothing else."""

    content: bytes
    headers: dict[str, str]
    media_type: str = "text/html; charset=utf-8"


@cache
def overview() -> Page:
    """The start page: versions in service, metrics, a form for one prediction."""
    return _page("overview.html", "script-src", "style-src", "img-src data:")


@cache
def swagger_ui() -> Page:
    """`/docs`: the OpenAPI document in Swagger UI."""
    return _page("docs.html", *_REFERENCE)


@cache
def redoc() -> Page:
    """`/redoc`: the OpenAPI document in ReDoc."""
    return _page("redoc.html", *_REFERENCE)


def _page(name: str, *directives: str) -> Page:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    inline = {
        kind: f" 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
        for kind, content in _INLINE.findall(text)
    }
    sources = [
        # A hash would turn 'unsafe-inline' off.
        each if "'unsafe-inline'" in each else each + inline.get(each.partition("-src")[0], "")
        for each in directives
    ]
    rest = ["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
    policy = "; ".join(["default-src 'none'", *sources, *rest])
    return Page(text.encode(), {"Content-Security-Policy": policy})
