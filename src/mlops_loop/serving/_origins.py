"""Hosts and origins that requests may come from: what browsers let the pages of other sites do.

A page of another site can send requests to a service that the user's browser reaches, e.g. on
loopback. Two checks stop it:

- DNS rebinding: the page's own host name suddenly resolves to the service. Such a request names
  that host in `Host`.
- Cross-site requests: browsers say in `Sec-Fetch-Site` and `Origin` where a request comes from.
  The rule is that of Go's `http.CrossOriginProtection`. Other clients send neither header.
"""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from .._host_names import parse_origin
from ._authorization import is_public
from ._headers import ENTITY_HEADER, KEY_HEADER, REQUEST_ID_HEADER
from ._problem import Problem
from ._service import PredictionService

# For cross-origin resource sharing with the origins of `serving.allowed_origins`.
SHARED_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SHARED_REQUEST_HEADERS = ("Content-Type", KEY_HEADER, ENTITY_HEADER, REQUEST_ID_HEADER)
SHARED_RESPONSE_HEADERS = (REQUEST_ID_HEADER, "Retry-After")
PREFLIGHT_SECONDS = 600

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME = frozenset({"same-origin", "none"})
# `testserver` is the host of the test clients of Starlette and Django.
_LOCAL_NAMES = ("localhost", "*.localhost", "testserver")


def require_allowed_origin(
    service: PredictionService,
    method: str,
    path: str,
    *,
    host: str | None,
    site: str | None,
    origin: str | None,
) -> None:
    """Check where a request comes from.

    Args:
        service: its settings list the hosts and origins that are allowed.
        method: HTTP method.
        path: path below the application; those without API key are answered for every host.
        host: the header Host.
        site: the header Sec-Fetch-Site.
        origin: the header Origin.

    Raises:
        Problem: 400 for a host that is not allowed, 403 for a request from another site.
    """
    serving = service.project.settings.serving
    host = host or ""
    if serving.allowed_hosts:
        is_allowed = _is_listed(host, serving.allowed_hosts)
    else:
        # Without keys, every page in a browser that reaches the service could use it.
        is_allowed = _is_local(host, serving.host) or service.keys.required
    if not is_allowed and not is_public(path):
        text = f"the host {host[:100]!r} is not allowed: list it in serving.allowed_hosts"
        raise Problem(400, text)
    if (site is None and origin is None) or method in _SAFE:
        return
    if is_allowed_origin(origin, serving.allowed_origins):
        return
    if site not in _SAME and (site is not None or _host_of(origin or "") != host.lower()):
        raise Problem(403, f"requests from {_refused(origin)}")


def is_allowed_origin(origin: str | None, allowed: tuple[str, ...]) -> bool:
    """Whether an origin is one of the settings; `*` there means every origin."""
    return origin is not None and (origin in allowed or "*" in allowed)


def _refused(origin: str | None) -> str:
    """Which pages may not send requests, and what to do; not every page has an origin to list."""
    if origin is None:
        return (
            "another site are not allowed without the header Origin: serving.allowed_origins lists "
            "the origins whose pages may send them"
        )
    shown = origin[:100]
    try:
        parse_origin(origin)
    except ValueError:
        return (
            f"a page with the origin {shown!r}, e.g. a file or a sandboxed frame, are not allowed, "
            "and serving.allowed_origins cannot name it: serve the page under an address of its own"
        )
    return f"the origin {shown!r} are not allowed: list it in serving.allowed_origins"


def _host_of(origin: str) -> str:
    """Host and port of an origin, as in the header Host; empty for `null`."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def _is_listed(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a host is one of the patterns: a name, `*.` and a domain, or `*`."""
    name = _name_of(host)
    return any(_matches(name, pattern.lower()) for pattern in patterns)


@lru_cache(maxsize=1024)
def _is_local(host: str, own: str) -> bool:
    """Whether no other site can have this host: a local name, the own one, or an IP address."""
    if _is_listed(host, (*_LOCAL_NAMES, own)):
        return True
    try:
        ip_address(_name_of(host))
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """A host without its port, in lower case; an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].removesuffix(".").lower()


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return name.endswith(pattern[1:])
    return pattern == "*" or (name != "" and name == pattern)
