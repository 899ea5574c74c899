"""Pages for people: one file each, with its own style and script, which needs nothing else."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from .response import Response

_INLINE = re.compile(r"<(style|script)\b[^>]*>(.*?)</\1>", re.DOTALL)


@cache
def page(name: str) -> Response:
    """The page in a file beside this module; browsers run what it holds, and nothing else.

    Read when somebody asks for it, once: the service starts without.
    """
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    headers = {"Content-Security-Policy": _policy(text)}
    return Response(text.encode(), 200, "text/html; charset=utf-8", headers)


def _policy(text: str) -> str:
    """Only this very style and script, and requests to the service that the page came from."""
    inline = [
        f"{kind}-src 'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
        for kind, content in _INLINE.findall(text)
    ]
    rest = ["img-src data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'"]
    return "; ".join(["default-src 'none'", *inline, *rest, "frame-ancestors 'none'"])
